/** Restarts a server whenever it ends by itself. */
import { setTimeout as delay } from 'node:timers/promises'
import type { PostgresProcess } from './postgres-process.ts'

/** Delay before a restart, in milliseconds: the first one, and the longest. */
const FIRST_DELAY_MS = 50
const LONGEST_DELAY_MS = 5_000

/** The part of a logger that is used. */
export type EmbeddedLog = Record<'debug' | 'info' | 'warn' | 'error', (details: object, message: string) => void>

/** Keeps one server running. While it is away, connections to it fail as with any other server. */
export class Supervisor {
  readonly #start: () => Promise<PostgresProcess>
  readonly #log: EmbeddedLog
  readonly #stopping = new AbortController()
  #current: PostgresProcess
  #loop: Promise<void>

  private constructor (start: () => Promise<PostgresProcess>, log: EmbeddedLog, first: PostgresProcess) {
    this.#start = start
    this.#log = log
    this.#current = first
    this.#loop = this.#keepRunning()
  }

  /** Starts the server for the first time. @throws the errors of `start` */
  static async start (start: () => Promise<PostgresProcess>, log: EmbeddedLog): Promise<Supervisor> {
    return new Supervisor(start, log, await start())
  }

  /** Stops the server in order, and waits for a start in progress. */
  async stop (): Promise<void> {
    this.#stopping.abort()
    await this.#current.stop()
    await this.#loop
  }

  #isStopping (): boolean {
    return this.#stopping.signal.aborted
  }

  async #keepRunning (): Promise<void> {
    for (;;) {
      const { code, signal } = await this.#current.ended
      if (this.#isStopping()) return
      this.#log.warn({ code, signal }, 'the embedded Postgres ended: it is started again')
      const next = await this.#restart()
      if (next === undefined) return
      this.#current = next
      this.#log.info({}, 'the embedded Postgres accepts connections again')
    }
  }

  /** @returns undefined when it is stopped in the meantime */
  async #restart (): Promise<PostgresProcess | undefined> {
    for (let delayMs = FIRST_DELAY_MS; !this.#isStopping(); delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS)) {
      try {
        const started = await this.#start()
        if (!this.#isStopping()) return started
        await started.stop()
      } catch (error) {
        this.#log.error({ err: error }, 'the embedded Postgres cannot be started again yet')
        await delay(delayMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined)
      }
    }
    return undefined
  }
}
