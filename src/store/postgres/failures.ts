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

/**
 * SQLSTATEs of a server that a connection should leave: it is a standby (25006, or 55000 when it is asked for its write
 * position), or shuts down, crashes or is not open yet.
 */
const WRONG_SERVER = ['25006', '55000', '57P01', '57P02', '57P03', '57P05']
/** SQLSTATE of a server without a free connection: for anybody, for the database or for the role. */
const TOO_MANY_CONNECTIONS = '53300'
/** A pooler refuses settings of a session that it does not know; it uses one SQLSTATE for everything. */
const REFUSED_SETTING = /unsupported startup parameter/

/** SQLSTATEs of a missing table or schema. */
const UNDEFINED_TABLE = new Set(['42P01', '3F000'])

function causesOf (error: unknown): Error[] {
  const causes: Error[] = []
  for (let current = error; current instanceof Error; current = current.cause) causes.push(current)
  return causes
}

function codesOf (error: unknown): string[] {
  return causesOf(error).flatMap((cause) => ('code' in cause && typeof cause.code === 'string' ? [cause.code] : []))
}

/** Whether a failure has one of these SQLSTATEs, or codes of Node.js. */
export function hasState (error: unknown, ...states: readonly string[]): boolean {
  return codesOf(error).some((code) => states.includes(code))
}

/** Whether the connection leads to a server that cannot serve, while another one may behind the same address. */
export function isOfWrongServer (error: unknown): boolean {
  return hasState(error, ...WRONG_SERVER)
}

/** Whether the server has no connection left. */
export function hasNoConnectionLeft (error: unknown): boolean {
  return hasState(error, TOO_MANY_CONNECTIONS)
}

/** Whether a pooler refused a setting of the session. */
export function isRefusedSetting (error: unknown): boolean {
  return causesOf(error).some(({ message }) => REFUSED_SETTING.test(message))
}

/**
 * Whether the statement failed because the database is unavailable, and not because of the statement. Its outcome may
 * be unknown: when a connection dies during the commit, the transaction may or may not be committed.
 */
export function isTransient (error: unknown): boolean {
  return !isRefusedSetting(error) && codesOf(error).some(
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

/** Reasons why a database is unavailable, by the codes of their errors; without an address or a name. */
const REASONS: Readonly<Partial<Record<string, string>>> = {
  ECONNREFUSED: 'no server listens there',
  ECONNRESET: 'the connection was closed',
  CONNECTION_CLOSED: 'the connection was closed',
  CONNECTION_ENDED: 'the connection was closed',
  ENOENT: 'there is no such socket',
  ENOTFOUND: 'the name of the host is unknown',
  EAI_AGAIN: 'the name of the host cannot be looked up now',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the host cannot be reached',
  ETIMEDOUT: 'the server does not answer',
  CONNECT_TIMEOUT: 'the server does not answer',
  25006: 'the server is a standby, or read-only',
  55000: 'the server is a standby, or read-only',
  53300: 'the server has no connection left',
  '57P01': 'the server shuts down',
  '57P02': 'the server has crashed',
  '57P03': 'the server starts, stops or recovers'
}

/** Why the database is unavailable, in a few words without a secret. */
export function describeUnavailability (error: unknown): string {
  const [code = 'unknown error'] = codesOf(error).reverse()
  return REASONS[code] ?? `the query failed (${code})`
}
