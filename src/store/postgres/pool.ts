/**
 * A pool of connections to Postgres, each for one query or transaction at a time, and a client for Drizzle on top of
 * it.
 */
import type { Sql } from 'postgres'
import { type ConnectionOptions, createClient, PostgresConnection, type Statement } from './connection.ts'

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

/** Opens connections as needed, up to a maximum. */
export class PostgresPool {
  readonly #options: ConnectionOptions & { max: number, attempts: number }
  readonly #template: Sql
  readonly #connections = new Set<PostgresConnection>()
  #idle: PostgresConnection[] = []
  #opening = 0
  #waiting: (() => void)[] = []
  #isClosed = false

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
    const methods: Partial<Record<string | symbol, unknown>> = {
      // Drizzle may call `values()` before it awaits, so the query starts only then.
      unsafe: (...statement: Statement) => {
        const start = async (asArrays: boolean) =>
          run(statement[0], (connection) => connection.query(statement, asArrays))
        return {
          values: () => start(true),
          then: (...handlers: Parameters<Promise<unknown>['then']>) => start(false).then(...handlers)
        }
      },
      begin: (work: (client: Sql) => Promise<unknown>) =>
        run(undefined, (connection) =>
          connection.transaction(() => work(this.client((_statement, query) => query(connection))))
        )
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

  async #take (): Promise<PostgresConnection> {
    for (;;) {
      if (this.#isClosed) throw new PoolClosedError()
      const connection = this.#idle.pop()
      if (connection === undefined) {
        if (this.#connections.size + this.#opening < this.#options.max) return this.#open()
        await new Promise<void>((resolve) => {
          this.#waiting.push(resolve)
        })
      } else if (connection.isOpen) return connection
      else this.#connections.delete(connection)
    }
  }

  #give (connection: PostgresConnection): void {
    if (connection.isOpen) this.#idle.push(connection)
    else this.#connections.delete(connection)
    this.#waiting.shift()?.()
  }

  async #open (): Promise<PostgresConnection> {
    this.#opening++
    try {
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
    } catch (error) {
      this.#waiting.shift()?.()
      throw error
    } finally {
      this.#opening--
    }
  }
}
