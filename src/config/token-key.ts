/** The keys of access tokens: configured, or one that is generated once and kept. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Environment } from './environment.ts'
import { MINIMUM_KEY_LENGTH } from './variables/accounts.ts'
import type { Problems } from './problems.ts'

/** The first signs, and every one verifies. */
export type TokenKeys = readonly [string, ...string[]]

/**
 * Returns the keys: the configured ones or, with the embedded store, one that is generated at the first start.
 * @param problems receives the reason why it cannot be stored; the key is then empty
 */
export function tokenKeys (env: Environment, problems: Problems): TokenKeys {
  const [first, ...others] = splitKeys(env.JWT_SECRET ?? '')
  return first === undefined ? [generatedKey(env, problems)] : [first, ...others]
}

/** The same keys for a command beside the server: none where the server has not made its own yet. */
export function readKeys (env: Environment): string[] {
  const keys = splitKeys(env.JWT_SECRET ?? '')
  if (keys.length > 0 || env.DATABASE_URL !== undefined) return keys
  try {
    return [readFileSync(fileOf(env), 'utf8').trim()]
  } catch {
    return []
  }
}

/** The keys in the text of `JWT_SECRET`: one, or several with commas or line breaks between them. */
export function splitKeys (text: string): string[] {
  return text
    .split(/[,\n]/)
    .map((key) => key.trim())
    .filter((key) => key !== '')
}

function generatedKey (env: Environment, problems: Problems): string {
  if (problems.concern('JWT_SECRET', 'DATABASE_URL', 'EMBEDDED_STORE', 'DATA_DIR')) return ''
  const file = fileOf(env)
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

function fileOf (env: Environment): string {
  return path.join(path.resolve(env.DATA_DIR), 'jwt-secret')
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
