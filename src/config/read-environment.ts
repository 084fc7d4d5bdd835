/** Checks the strings of the environment and converts them to typed values; a wrong value results in one sentence. */
import { isIP } from 'node:net'
import Type, { type TSchema } from 'typebox'
import Value from 'typebox/value'
import { parseRedisUrl } from '../lib/redis/address.ts'
import { parsePostgresUrl, PostgresUrlError } from '../store/postgres/address.ts'
import { milliseconds } from './durations.ts'
import { type Environment, EnvironmentSchema, SECRETS } from './environment.ts'
import { MINIMUM_KEY_LENGTH } from './variables/accounts.ts'
import type { Problems } from './problems.ts'
import { bytes } from './sizes.ts'
import { splitKeys } from './token-key.ts'

/**
 * Checks every variable.
 * @param environment as in `process.env`; empty strings count as absent
 * @param problems receives the wrong values
 * @returns the values, with defaults in the place of wrong ones
 */
export function readEnvironment (environment: Record<string, string | undefined>, problems: Problems): Environment {
  const values: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries(EnvironmentSchema.properties)) {
    const text = environment[name]?.trim()
    const value =
      text === undefined || text === ''
        ? defaultOf(schema)
        : Type.IsInteger(schema) && /^-?\d+$/.test(text)
          ? Number(text)
          : text
    if (value === undefined) continue
    if (isUsable(name, schema, value)) values[name] = value
    else {
      problems.add(complaint(name, schema, text ?? ''), name)
      if (defaultOf(schema) !== undefined) values[name] = defaultOf(schema)
    }
  }
  const env = Value.Parse(EnvironmentSchema, values)
  checkDatabaseUrl(env, problems)
  return env
}

/** A URL of Postgres has a form of its own, and parameters that may not fit. */
function checkDatabaseUrl ({ DATABASE_URL: url, DATABASE_CA: ca }: Environment, problems: Problems): void {
  try {
    if (url !== undefined) parsePostgresUrl(url, ca)
  } catch (error) {
    if (!(error instanceof PostgresUrlError)) throw error
    for (const problem of error.problems) problems.add(`DATABASE_URL cannot be used: ${problem}.`, 'DATABASE_URL')
  }
}

function isUsable (name: string, schema: TSchema, value: unknown): boolean {
  if (!Value.Check(schema, value)) return false
  if (name === 'JWT_SECRET' || name === 'USER_TOKEN_SECRET') return areKeys(splitKeys(String(value)))
  if (name === 'REDIS_URL') return parseRedisUrl(String(value)) !== undefined
  if (/_(URL|ENDPOINT)$/.test(name) && name !== 'DATABASE_URL') return isReadable(String(value))
  if (name === 'CORS_ORIGINS') return commaSeparated(String(value)).every(isReadable)
  if (name === 'TRUST_PROXY') return commaSeparated(String(value)).every(isNetwork)
  if ('maxBytes' in schema) return bytes(String(value)) <= Number(schema.maxBytes)
  return !('longestMs' in schema) || milliseconds(String(value)) <= Number(schema.longestMs)
}

function areKeys (keys: string[]): boolean {
  return keys.length > 0 && keys.every((key) => key.length >= MINIMUM_KEY_LENGTH)
}

/** Whether a URL can be parsed, with its credentials: drivers decode them, and quote them when that fails. */
function isReadable (text: string): boolean {
  try {
    const { username, password } = new URL(text)
    decodeURIComponent(username + password)
    return true
  } catch {
    return false
  }
}

/** Splits a list. */
export function commaSeparated (text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/** Whether it is an IP address with an optional prefix length. */
function isNetwork (text: string): boolean {
  const [address = '', length, ...rest] = text.split('/')
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
  return rest.length === 0 && bits > 0 && (length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= bits))
}

function defaultOf (schema: TSchema): unknown {
  return 'default' in schema ? schema.default : undefined
}

function complaint (name: string, schema: TSchema, text: string): string {
  const shown = SECRETS.has(name) ? 'the value given' : JSON.stringify(text)
  const expected = 'expected' in schema ? schema.expected : 'another value'
  return `${name} cannot be ${shown}: expected ${String(expected)}.`
}
