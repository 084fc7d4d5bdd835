/**
 * A pool of connections to Postgres, each for one query or transaction at a time, and a client for Drizzle on top of
 * it.
 */
import type { Sql } from 'postgres'
import { type ConnectionOptions, createClient, PostgresConnection, type Statement } from './connection.ts'
import { hasNoConnectionLeft } from './failures.ts'

/** How long the bound that a server has shown is kept, in milliseconds: connections of others may end meanwhile. */
const BOUND_MS = 10_000

/** Runs work that needs a connection; `statement` is undefined for a transaction. */
export type QueryRunner = <Result>(
  statement: string | undefined,
  work: (connection: PostgresConnection) => Promise<Result>
) => Promise<Result>

class PoolClosedError extends Error {
  readonly code = 'CONNECTION_ENDED'

  constructor () {
    super('The database was closed.')
  }
}

/** Opens connections as needed, up to a maximum, or to what the server has to offer if that is less. */
export class PostgresPool {
  readonly #options: ConnectionOptions & { max: number, attempts: number }
  readonly #template: Sql
  readonly #connections = new Set<PostgresConnection>()
  #idle: PostgresConnection[] = []
  #opening = 0
  #waiting: (() => void)[] = []
  #isClosed = false
  /** The number of connections that the server has shown to be its limit, until `until`. */
  #bound: { connections: number, until: number } | undefined

  /**
   * @param options.max maximum number of connections
   * @param options.attempts attempts to open one before the caller gets the error
   */
  constructor (options: ConnectionOptions & { max: number, attempts: number }) {
    this.#options = options
    this.#template = createClient(options)
  }

  /** Runs `work` on the next free connection. @throws the error of `work`, or the last failure to connect */
  readonly run: QueryRunner = async (_statement, work) => {
    const connection = await this.#take()
    try {
      return await work(connection)
    } finally {
      this.#give(connection)
    }
  }

  /** A client for Drizzle, whose queries go through `run`. */
  client (run: QueryRunner = this.run): Sql {
    return this.#clientWith(run, {
      begin: (work: (client: Sql) => Promise<unknown>) =>
        run(undefined, (connection) => connection.transaction(() => work(this.#clientOf(connection))))
    })
  }

  /** A client of the running transaction of a connection. */
  #clientOf (connection: PostgresConnection): Sql {
    return this.#clientWith((_statement, query) => query(connection), {
      savepoint: (work: (client: Sql) => Promise<unknown>) =>
        connection.savepoint(() => work(this.#clientOf(connection)))
    })
  }

  #clientWith (run: QueryRunner, own: Partial<Record<string | symbol, unknown>>): Sql {
    const methods: Partial<Record<string | symbol, unknown>> = {
      ...own,
      // Drizzle may call `values()` before it awaits, so the query starts only then.
      unsafe: (...statement: Statement) => {
        const start = async (asArrays: boolean) =>
          run(statement[0], (connection) => connection.query(statement, asArrays))
        return {
          values: () => start(true),
          then: (...handlers: Parameters<Promise<unknown>['then']>) => start(false).then(...handlers)
        }
      }
    }
    return new Proxy(this.#template, {
      get: (target, property) => methods[property] ?? (Reflect.get(target, property) as unknown)
    })
  }

  /** Ends every connection after its running query. */
  async close (): Promise<void> {
    this.#isClosed = true
    for (const wake of this.#waiting.splice(0)) wake()
    await Promise.all([...this.#connections].map((connection) => connection.end()))
  }

  get #limit (): number {
    return this.#bound === undefined || performance.now() >= this.#bound.until
      ? this.#options.max
      : this.#bound.connections
  }

  async #take (): Promise<PostgresConnection> {
    for (;;) {
      if (this.#isClosed) throw new PoolClosedError()
      const idle = this.#idle.pop()
      if (idle?.isOpen === true) return idle
      if (idle !== undefined) this.#connections.delete(idle)
      else if (this.#connections.size + this.#opening < this.#limit) {
        const opened = await this.#open()
        if (opened !== undefined) return opened
      } else {
        await new Promise<void>((resolve) => {
          this.#waiting.push(resolve)
        })
      }
    }
  }

  #give (connection: PostgresConnection): void {
    if (connection.isOpen) this.#idle.push(connection)
    else this.#connections.delete(connection)
    this.#waiting.shift()?.()
  }

  /** @returns undefined when the server has none left, and one of those that it has given comes free */
  async #open (): Promise<PostgresConnection | undefined> {
    this.#opening++
    try {
      return await this.#connect()
    } catch (error) {
      const others = this.#connections.size + this.#opening - 1
      if (hasNoConnectionLeft(error) && others > 0) {
        this.#bound = { connections: Math.min(others, this.#limit), until: performance.now() + BOUND_MS }
        return undefined
      }
      this.#waiting.shift()?.()
      throw error
    } finally {
      this.#opening--
    }
  }

  async #connect (): Promise<PostgresConnection> {
    for (let attempt = 1; ; attempt++) {
      try {
        const connection = await PostgresConnection.open({ ...this.#options, codec: this.#template.options })
        this.#connections.add(connection)
        if (this.#isClosed) await connection.end()
        return connection
      } catch (error) {
        if (attempt >= this.#options.attempts) throw error
      }
    }
  }
}
