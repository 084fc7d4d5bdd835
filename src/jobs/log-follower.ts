/**
 * Tells the followers of logs (webhooks, search, push) what is new in them, after the fact: a transaction that writes
 * an event pays nothing for them. A replica notes the logs that it has written to and moves their positions in batches;
 * each move gives every follower a job in the same transaction. What a replica that died has noted is found by a sweep,
 * which compares all heads with the positions, on one replica at a time.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Orm } from '../store/database.ts'
import { claimSweep, findFollowers, followLogs, listAhead, type LogKind } from '../store/following.ts'

/**
 * Pause between two batches: under load events of a chat within it are one range of one job. Only webhooks are in a
 * hurry.
 */
const [WEBHOOK_INTERVAL_MS, BATCH_INTERVAL_MS] = [100, 1_000]
const MAX_BATCH = 500
/** Logs that are noted at most; the sweep finds the others. */
const MAX_NOTED = 100_000
const DEFAULT_CHECK_INTERVAL_MS = 5_000
const DEFAULT_SWEEP_INTERVAL_MS = 30_000
const KINDS: readonly LogKind[] = ['chats', 'feeds']

/** Dependencies of a follower. */
export type LogFollowerOptions = {
  orm: Orm
  /** Called when there are new jobs. */
  onJobs: () => void
  log: Record<'warn', (details: object, message: string) => void>
  /** How often it is looked whether anybody follows, in milliseconds; 5,000 by default. */
  checkIntervalMs?: number
  /** How often all logs are looked through, in milliseconds; 30,000 by default. */
  sweepIntervalMs?: number
}

/** Follows the logs. It never throws: failures are logged, and repeated by the next sweep. */
export class LogFollower {
  readonly #options: LogFollowerOptions
  readonly #noted: Record<LogKind, Set<number>> = { chats: new Set(), feeds: new Set() }
  readonly #stopped = new AbortController()
  #isActive = false
  #hasWebhooks = false
  #names: ReadonlySet<string> = new Set()
  #moving: Promise<void> | undefined
  #checking: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined

  constructor (options: LogFollowerOptions) {
    this.#options = options
  }

  /** Begins to look whether anybody follows. */
  start (): void {
    this.#timer = setInterval(() => this.refresh(), this.#options.checkIntervalMs ?? DEFAULT_CHECK_INTERVAL_MS)
    this.refresh()
  }

  /** Looks at once whether anybody follows: to be called after a change of followers. */
  refresh (): void {
    if (!this.#stopped.signal.aborted) this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined
    })
  }

  /** Whether there was a follower of this name when it was looked last. */
  has (name: string): boolean {
    return this.#names.has(name)
  }

  /** Notes that these logs have grown. Costs nothing while nobody follows. */
  note (kind: LogKind, ids: Iterable<number>): void {
    if (!this.#isActive) return
    const noted = this.#noted[kind]
    for (const id of ids) if (noted.size < MAX_NOTED) noted.add(id)
    this.#moving ??= this.#move().finally(() => {
      this.#moving = undefined
    })
  }

  /** Moves what is noted, and resolves when that is over. */
  async stop (): Promise<void> {
    clearInterval(this.#timer)
    this.#stopped.abort()
    await this.#checking
    await this.#moving
  }

  async #move (): Promise<void> {
    for (;;) {
      for (const kind of KINDS) await this.#moveNoted(kind)
      if (KINDS.every((kind) => this.#noted[kind].size === 0)) return
      // At the end what is left is moved without a pause.
      const pauseMs = this.#hasWebhooks ? WEBHOOK_INTERVAL_MS : BATCH_INTERVAL_MS
      await sleep(pauseMs, undefined, { signal: this.#stopped.signal }).catch(() => undefined)
    }
  }

  async #moveNoted (kind: LogKind): Promise<void> {
    const noted = this.#noted[kind]
    const ids = [...noted].slice(0, MAX_BATCH)
    if (ids.length === 0) return
    for (const id of ids) noted.delete(id)
    const isFollowed = await this.#follow(kind, ids)
    // After a deadlock or an outage of the database the next batch tries again; after a stop, a sweep finds them.
    if (!isFollowed && !this.#stopped.signal.aborted) for (const id of ids) noted.add(id)
  }

  /** @returns whether it could be done */
  async #follow (kind: LogKind, ids: readonly number[]): Promise<boolean> {
    try {
      if (await followLogs(this.#options.orm, kind, ids) > 0) this.#options.onJobs()
      return true
    } catch (error) {
      this.#options.log.warn({ err: error }, 'new events could not be handed to their followers; they are tried again')
      return false
    }
  }

  async #check (): Promise<void> {
    const { orm, log, sweepIntervalMs = DEFAULT_SWEEP_INTERVAL_MS } = this.#options
    try {
      const wasActive = this.#isActive
      const { isActive, hasWebhooks, names } = await findFollowers(orm)
      this.#isActive = isActive
      this.#hasWebhooks = hasWebhooks
      this.#names = new Set(names)
      const isDue = this.#isActive && await claimSweep(orm, sweepIntervalMs)
      // What was written before this replica knew that somebody follows was not noted.
      if (!this.#isActive || (wasActive && !isDue)) return
      for (const kind of KINDS) await this.#sweep(kind)
    } catch (error) {
      log.warn({ err: error }, 'the logs could not be looked through for followers; the next try follows')
    }
  }

  async #sweep (kind: LogKind): Promise<void> {
    let afterId = 0
    while (!this.#stopped.signal.aborted) {
      const page = await listAhead(this.#options.orm, kind, afterId)
      if (page === undefined) return
      for (let start = 0; start < page.ahead.length; start += MAX_BATCH)
        await this.#follow(kind, page.ahead.slice(start, start + MAX_BATCH))
      afterId = page.lastId
    }
  }
}
