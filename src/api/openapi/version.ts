/** The version of this package. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { isRecord } from './json-schema.ts'

/** Reads the `package.json` of this package, which is some folders above, whichever way it was built. */
export function readVersion (): string {
  let folder = import.meta.dirname
  while (!existsSync(path.join(folder, 'package.json'))) {
    const above = path.dirname(folder)
    if (above === folder) throw new Error('There is no package.json.')
    folder = above
  }
  const manifest: unknown = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
  if (!isRecord(manifest) || typeof manifest['version'] !== 'string')
    throw new Error(`The package.json in ${folder} has no version.`)
  return manifest['version']
}
