/** A pgbouncer in transaction mode between the replicas and Postgres. */
import { chmod, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from './process.ts'
import type { Scope } from '../scope.ts'
import { answersQueries } from './postgres-server.ts'
import { Program } from './bound-program.ts'

const START_DEADLINE_MS = 10_000
const RETRY_MS = 50
/** pgbouncer refuses to run as root. */
const POOLER_USER = process.getuid?.() === 0 ? 'postgres' : undefined

/** A pooler that can be stopped and started. */
export class Pooler {
  readonly #scope: Scope
  readonly #port: number
  readonly #file: string
  #program: Program | undefined

  private constructor (scope: Scope, port: number, file: string) {
    this.#scope = scope
    this.#port = port
    this.#file = file
  }

  /** Starts one that ends with the scope, in front of a server of this machine. */
  static async start (scope: Scope, folder: string, server: { port: number }): Promise<Pooler> {
    const pooler = new Pooler(scope, await freePort(), path.join(folder, 'pgbouncer.ini'))
    await writeFile(pooler.#file, `[databases]
* = host=127.0.0.1 port=${String(server.port)} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${String(pooler.#port)}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 10
max_client_conn = 200
`)
    await chmod(pooler.#file, 0o644)
    await pooler.open()
    return pooler
  }

  get url (): string {
    return `postgres://postgres@127.0.0.1:${String(this.#port)}/postgres`
  }

  /** Starts it and waits until a query goes through. */
  async open (): Promise<void> {
    this.#program = new Program(this.#scope, 'pgbouncer', { parameters: [this.#file], user: POOLER_USER })
    const end = Date.now() + START_DEADLINE_MS
    while (!await answersQueries(this.url)) {
      if (Date.now() > end) throw new Error(`pgbouncer does not start: ${this.#program.output}`)
      await delay(RETRY_MS)
    }
  }

  /** Kills it, and with it every connection. */
  async kill (): Promise<void> {
    await this.#program?.end('SIGKILL')
  }
}
