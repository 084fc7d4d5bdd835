/** Classification of failed queries. */

/** SQLSTATE of a unique violation. */
const UNIQUE_VIOLATION = '23505'

/**
 * SQLSTATEs after which the same statement may be run again: the server went away, is starting, asked for a retry
 * (serialization failure, deadlock), or is still a standby, which refuses writes and has no write position. See the
 * Postgres manual, appendix A.
 */
const TRANSIENT_STATES = new Set(['40001', '40P01', '55P03', '57014', '57P01', '57P02', '57P03', '25006', '55000'])

/**
 * Transient classes: the connection is broken, or the server lacks a resource for the moment: connections, memory, disk
 * space.
 */
const TRANSIENT_CLASSES = new Set(['08', '53'])

/** Codes of postgres.js and of Node's sockets for a lost or failed connection, and of a withheld result. */
const CONNECTION_CODES = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'HISTORY_CHANGED'
])

/** SQLSTATEs of a missing table or schema. */
const UNDEFINED_TABLE = new Set(['42P01', '3F000'])

function codesOf (error: unknown): string[] {
  const codes: string[] = []
  for (let current = error; current instanceof Error; current = current.cause) {
    if ('code' in current && typeof current.code === 'string') codes.push(current.code)
  }
  return codes
}

/**
 * Whether the statement failed because the database is unavailable, and not because of the statement. Its outcome may
 * be unknown: when a connection dies during the commit, the transaction may or may not be committed.
 */
export function isTransient (error: unknown): boolean {
  return codesOf(error).some(
    (code) => CONNECTION_CODES.has(code) || TRANSIENT_STATES.has(code) || TRANSIENT_CLASSES.has(code.slice(0, 2))
  )
}

/** Whether a row with the same unique key exists. */
export function isUniqueViolation (error: unknown): boolean {
  return codesOf(error).includes(UNIQUE_VIOLATION)
}

/** Whether the statement named a table that does not exist. */
export function isUndefinedTable (error: unknown): boolean {
  return codesOf(error).some((code) => UNDEFINED_TABLE.has(code))
}
