/** What a failed query means for whoever asked. */

/** SQLSTATE of a unique violation. */
const UNIQUE_VIOLATION = '23505'

/**
 * SQLSTATEs after which the same statement may be run again: the server went away, is starting, or asked for it
 * (serialization failure, deadlock), or is still a standby, which refuses to write and has no position in a log of its
 * own to tell. See the Postgres manual, appendix A.
 */
const TRANSIENT_STATES = new Set(['40001', '40P01', '55P03', '57014', '57P01', '57P02', '57P03', '25006', '55000'])

/**
 * Classes of them: the connection is broken, or the server lacks something that may come back: connections, memory,
 * room on its disk.
 */
const TRANSIENT_CLASSES = new Set(['08', '53'])

/**
 * Codes of postgres.js and of Node's sockets for a connection that is lost or cannot be made, and of a result that came
 * too late.
 */
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

/** SQLSTATEs of a table, or of its schema, that is not there. */
const UNDEFINED_TABLE = new Set(['42P01', '3F000'])

function codesOf (error: unknown): string[] {
  const codes: string[] = []
  for (let current = error; current instanceof Error; current = current.cause) {
    if ('code' in current && typeof current.code === 'string') codes.push(current.code)
  }
  return codes
}

/**
 * Whether the statement failed for want of a working database, not because of what it said. Its outcome may be
 * unknown: a connection that dies during the commit does not tell on which side of it.
 */
export function isTransient (error: unknown): boolean {
  return codesOf(error).some(
    (code) => CONNECTION_CODES.has(code) || TRANSIENT_STATES.has(code) || TRANSIENT_CLASSES.has(code.slice(0, 2))
  )
}

/** Whether a row with the same unique key is there already. */
export function isUniqueViolation (error: unknown): boolean {
  return codesOf(error).includes(UNIQUE_VIOLATION)
}

/** Whether the statement named a table that is not there. */
export function isUndefinedTable (error: unknown): boolean {
  return codesOf(error).some((code) => UNDEFINED_TABLE.has(code))
}
