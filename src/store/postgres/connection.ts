/**
 * One connection to Postgres, which is never opened again when it has ended. The driver would do so by itself, but then
 * what was still to be written goes ahead of the first words on the new connection, the statements of a lost
 * transaction run outside of one, and a write that comes too late ends the process (postgres.js 3.4.9: issues 1133,
 * 1193, 1208, 1216).
 */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import postgres, { type Sql } from 'postgres'
import type { PostgresSockets } from './socket.ts'

const END_TIMEOUT_S = 5

/** A statement, its parameters, and whether it is to be prepared under a name. */
export type Statement = Parameters<Sql['unsafe']>

/** How to reach a server, and what is said on each connection. */
export type ConnectionOptions = {
  url: string
  sockets: PostgresSockets
  settings: Pick<postgres.Options<Record<string, never>>, 'prepare' | 'connection'>
  /** How values are read and written. */
  codec?: Pick<Sql['options'], 'parsers' | 'serializers'>
}

class ConnectionClosedError extends Error {
  readonly code = 'CONNECTION_CLOSED'

  constructor () {
    super('The connection to Postgres has ended.')
  }
}

/** A client of the driver for one connection, which it makes with its first query. */
export function createClient (
  { url, settings }: ConnectionOptions,
  hooks: { socket?: () => Socket, onclose?: () => void } = {}
): Sql {
  // A variable, as `socket` is documented and has no type.
  const options = {
    ...settings,
    ...hooks,
    max: 1,
    max_lifetime: null,
    connect_timeout: 10,
    // Nothing here is an array, and nobody would hear of it if the connection ended during this query of the driver's
    // own.
    fetch_types: false,
    onnotice: () => undefined
  }
  return postgres(url, options)
}

/**
 * Takes what is large out of a query that has ended. V8 makes a function that is assigned to a property where it is
 * written in its old generation, which the driver does twice for each query: whatever they refer to, as the parameters
 * and the rows, would be moved there and stay until the next major collection.
 */
function empty (query: object, result: unknown): unknown {
  Object.assign(query, { args: [], parameters: [] })
  const rows: unknown = Array.isArray(result) ? result.splice(0) : result
  return rows
}

/** A connection, from its first answer to its end. One query or transaction is run at a time. */
export class PostgresConnection {
  readonly #client: Sql
  #socket: Socket | undefined
  #isUsable = true
  #fail: ((error: Error) => void) | undefined

  private constructor (options: ConnectionOptions) {
    this.#client = createClient(options, {
      socket: () => {
        if (this.#socket !== undefined) throw new ConnectionClosedError()
        return (this.#socket = options.sockets.open())
      },
      // The driver forgets a query that was begun when the socket had failed already and was not yet closed.
      onclose: () => {
        this.#isUsable = false
        this.#fail?.(new ConnectionClosedError())
      }
    })
    Object.assign(this.#client.options.parsers, options.codec?.parsers)
    Object.assign(this.#client.options.serializers, options.codec?.serializers)
  }

  /** Connects. @throws the driver's errors when nobody answers, or the server refuses */
  static async open (options: ConnectionOptions): Promise<PostgresConnection> {
    const connection = new PostgresConnection(options)
    try {
      await connection.query(['select 1'], false)
      return connection
    } catch (error) {
      // Also when the server has refused.
      await connection.#abandon()
      throw error
    }
  }

  /** Whether it may be asked. */
  get isOpen (): boolean {
    return this.#isUsable && this.#socket?.destroyed !== true
  }

  /**
   * Runs a statement.
   * @param asArrays whether rows are arrays of values, not objects
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
      // What fails without an answer of the server's leaves the connection in a state that nobody knows.
      if (!(error instanceof postgres.PostgresError)) await this.#abandon()
      throw error
    }
  }

  /** Runs statements as one transaction: all that `work` asks of this connection. */
  async transaction<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.query(['begin'], false)
    let result: Result
    try {
      result = await work()
    } catch (error) {
      // A transaction that cannot be ended must not be continued by whoever is next.
      await this.query(['rollback'], false).catch(() => this.#abandon())
      throw error
    }
    await this.query(['commit'], false)
    return result
  }

  /** Ends it, after what is under way. */
  async end (): Promise<void> {
    const ended = this.#client.end({ timeout: END_TIMEOUT_S })
    this.#isUsable = false
    await ended
  }

  async #abandon (): Promise<void> {
    this.#isUsable = false
    if (this.#socket === undefined || this.#socket.closed) return
    this.#socket.destroy()
    await once(this.#socket, 'close')
  }
}
