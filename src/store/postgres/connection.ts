/**
 * One connection to Postgres, which is never reopened after it has ended. The driver would reopen it by itself, but
 * then unsent bytes precede the startup message on the new connection, the statements of a lost transaction run outside
 * of one, and a late write ends the process (postgres.js 3.4.9: issues 1133, 1193, 1208, 1216).
 */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import postgres, { type Sql } from 'postgres'
import type { PostgresAddress } from './address.ts'
import { hasState, isOfWrongServer } from './failures.ts'
import type { PostgresSockets } from './socket.ts'
import type { StartupSettings } from './startup-settings.ts'
import { TlsError } from './tls.ts'

const END_TIMEOUT_S = 5
/** SQLSTATEs of servers that take encrypted connections only: that of Postgres, and that of some proxies. */
const UNENCRYPTED_REFUSED = ['28000', '08P01']
/** A standby does not write, nor does a server that was told not to. */
const IS_READ_ONLY = 'select pg_is_in_recovery() or current_setting(\'transaction_read_only\')::boolean as "isReadOnly"'

/** A statement, its parameters, and whether it is prepared under a name. */
export type Statement = Parameters<Sql['unsafe']>

/** How to reach a server, and the settings of each connection. */
export type ConnectionOptions = {
  address: PostgresAddress
  sockets: PostgresSockets
  startup: StartupSettings
  /** Named prepared statements. */
  prepare: boolean
  /** How values are parsed and serialised. */
  codec?: Pick<Sql['options'], 'parsers' | 'serializers'>
}

class ConnectionClosedError extends Error {
  readonly code = 'CONNECTION_CLOSED'

  constructor () {
    super('The connection to Postgres has ended.')
  }
}

/** The server takes no writes; `code` is the SQLSTATE with which it would refuse one. */
export class ReadOnlyServerError extends Error {
  readonly code = '25006'

  constructor () {
    super('The server is a standby, or read-only.')
  }
}

/** The driver receives an open socket, but requires a host. */
const ANY_HOST = 'localhost'

/** Creates a client of the driver for one connection, which is opened by its first query. */
export function createClient (
  { address: { user, password, database }, startup, prepare }: ConnectionOptions,
  hooks: { socket?: () => Promise<Socket>, onclose?: () => void } = {}
): Sql {
  // A variable, since `socket` is documented but missing in the types.
  const options = {
    host: ANY_HOST,
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password }),
    ...(database !== undefined && { database }),
    ssl: false,
    connection: startup.current,
    prepare,
    ...hooks,
    max: 1,
    max_lifetime: null,
    connect_timeout: 10,
    // We use no arrays, and a connection that ends during this query of the driver's own would cause an unhandled
    // rejection.
    fetch_types: false,
    onnotice: () => undefined
  }
  return postgres(options)
}

/**
 * Removes large values from a finished query. V8 allocates a function literal that is assigned to a property in its old
 * generation, and the driver does that twice per query: everything the functions reference, such as the parameters and
 * the rows, would move there and stay until the next major collection.
 */
function empty (query: object, result: unknown): unknown {
  Object.assign(query, { args: [], parameters: [] })
  const rows: unknown = Array.isArray(result) ? result.splice(0) : result
  return rows
}

/** A connection, from its first answer to its end. It runs one query or transaction at a time. */
export class PostgresConnection {
  readonly #client: Sql
  #socket: Socket | undefined
  #isUsable = true
  #fail: ((error: Error) => void) | undefined
  #savepoints = 0

  private constructor (options: ConnectionOptions) {
    this.#client = createClient(options, {
      socket: async () => {
        if (this.#socket !== undefined || !this.#isUsable) throw new ConnectionClosedError()
        return (this.#socket = await options.sockets.open())
      },
      // The driver never settles a query that begins after the socket has failed and before it is closed.
      onclose: () => {
        this.#isUsable = false
        this.#fail?.(new ConnectionClosedError())
      }
    })
    Object.assign(this.#client.options.parsers, options.codec?.parsers)
    Object.assign(this.#client.options.serializers, options.codec?.serializers)
  }

  /**
   * Connects, in the way that the server asks for.
   * @param checks.mayBeReadOnly whether a server is taken that does not write
   * @throws {ReadOnlyServerError} when it is a standby, or does not write for another reason
   * @throws {TlsError} when the connection cannot be encrypted as required
   * @throws the driver's errors when the server does not answer or refuses
   */
  static async open (options: ConnectionOptions, { mayBeReadOnly = false } = {}): Promise<PostgresConnection> {
    let refusal: unknown
    for (;;) {
      const connection = new PostgresConnection(options)
      try {
        const isReadOnly = await connection.#isReadOnly()
        if (isReadOnly && !mayBeReadOnly) throw new ReadOnlyServerError()
        return connection
      } catch (error) {
        // Also when the server has refused the connection.
        await connection.#abandon()
        const isAdapted = options.startup.adapt(error) ||
          (hasState(error, ...UNENCRYPTED_REFUSED) && options.sockets.encryptIfAsked())
        if (!isAdapted) throw error instanceof TlsError && refusal !== undefined ? refusal : error
        refusal = error
      }
    }
  }

  /** Whether it accepts queries. */
  get isOpen (): boolean {
    return this.#isUsable && this.#socket?.destroyed !== true
  }

  /**
   * Runs a statement.
   * @param asArrays whether rows are arrays of values instead of objects
   * @throws the driver's errors
   */
  async query (statement: Statement, asArrays: boolean): Promise<unknown> {
    if (!this.isOpen) throw new ConnectionClosedError()
    const query = this.#client.unsafe(...statement)
    try {
      const result = await new Promise((resolve, reject) => {
        this.#fail = reject
        Promise.resolve(asArrays ? query.values() : query).then(resolve, reject)
      })
      return asArrays ? empty(query, result) : result
    } catch (error) {
      // After a failure that is not an answer of the server, the state of the connection is unknown. A server that does
      // not write, or goes away, must not answer the next query either.
      if (!(error instanceof postgres.PostgresError) || isOfWrongServer(error)) await this.#abandon()
      throw error
    }
  }

  /** Runs statements as one transaction: everything that `work` queries on this connection. */
  async transaction<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.query(['begin'], false)
    let result: Result
    try {
      result = await work()
    } catch (error) {
      // A transaction that cannot be ended must not be continued by the next user of the connection.
      await this.query(['rollback'], false).catch(() => this.#abandon())
      throw error
    }
    await this.query(['commit'], false)
    return result
  }

  /** Runs statements as a part of the running transaction that can fail by itself. */
  async savepoint<Result>(work: () => Promise<Result>): Promise<Result> {
    const name = `part_${String(++this.#savepoints)}`
    await this.query([`savepoint ${name}`], false)
    let result: Result
    try {
      result = await work()
    } catch (error) {
      await this.query([`rollback to savepoint ${name}`], false).catch(() => this.#abandon())
      throw error
    }
    await this.query([`release savepoint ${name}`], false)
    return result
  }

  /** Ends it after the running query. */
  async end (): Promise<void> {
    const ended = this.#client.end({ timeout: END_TIMEOUT_S })
    this.#isUsable = false
    await ended
  }

  async #isReadOnly (): Promise<boolean> {
    const rows = await this.query([IS_READ_ONLY], false)
    return !Array.isArray(rows) || rows.some(isReadOnly)
  }

  async #abandon (): Promise<void> {
    this.#isUsable = false
    if (this.#socket === undefined || this.#socket.closed) return
    this.#socket.destroy()
    await once(this.#socket, 'close')
  }
}

function isReadOnly (row: unknown): boolean {
  return typeof row === 'object' && row !== null && 'isReadOnly' in row && row.isReadOnly === true
}
