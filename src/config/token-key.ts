/** The key of access tokens: configured, or generated once and kept. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type Environment, MINIMUM_KEY_LENGTH } from './environment.ts'
import { ConfigError } from './errors.ts'

/**
 * Returns the key. With a shared database every replica needs the same one; with the embedded store it is generated at
 * the first start.
 * @throws {ConfigError} without a key, or when it cannot be stored
 */
export function tokenKey (env: Environment, dataDir: string): string {
  if (env.JWT_SECRET !== undefined) return env.JWT_SECRET
  if (env.DATABASE_URL !== undefined) {
    throw new ConfigError(
      'JWT_SECRET is required with DATABASE_URL, the same for all replicas (for example from: openssl rand -hex 32).'
    )
  }
  const file = path.join(dataDir, 'jwt-secret')
  const secret = keptSecret(file)
  if (secret.length < MINIMUM_KEY_LENGTH)
    throw new ConfigError(`The key in ${file} is too short; remove the file to have a new one made.`)
  return secret
}

/** Reads the key from a file, which is created at the first start. */
function keptSecret (file: string): string {
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
    makeSecret(file)
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new ConfigError(`DATA_DIR cannot be used: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function makeSecret (file: string): void {
  try {
    writeFileSync(file, randomBytes(32).toString('hex'), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}
