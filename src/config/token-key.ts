/** The key of access tokens: configured, or generated once and kept. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type Environment, MINIMUM_KEY_LENGTH } from './environment.ts'
import type { Problems } from './problems.ts'

/**
 * Returns the key: the configured one or, with the embedded store, one that is generated at the first start.
 * @param problems receives the reason why it cannot be stored; the key is then empty
 */
export function tokenKey (env: Environment, problems: Problems): string {
  if (env.JWT_SECRET !== undefined) return env.JWT_SECRET
  if (problems.concern('JWT_SECRET', 'DATABASE_URL', 'EMBEDDED_STORE', 'DATA_DIR')) return ''
  const file = path.join(path.resolve(env.DATA_DIR), 'jwt-secret')
  try {
    const secret = keptSecret(file)
    if (secret.length < MINIMUM_KEY_LENGTH)
      problems.add(`The key in ${file} is too short; remove the file to have a new one made.`, 'DATA_DIR')
    return secret
  } catch (error) {
    problems.add(`DATA_DIR cannot be used: ${error instanceof Error ? error.message : String(error)}`, 'DATA_DIR')
    return ''
  }
}

/** Reads the key from a file, which is created at the first start. */
function keptSecret (file: string): string {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
  makeSecret(file)
  return readFileSync(file, 'utf8').trim()
}

function makeSecret (file: string): void {
  try {
    writeFileSync(file, randomBytes(32).toString('hex'), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}
