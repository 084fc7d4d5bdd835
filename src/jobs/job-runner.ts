/**
 * Does the jobs of committed transactions (`store/jobs.ts`), on any number of replicas at once.
 *
 * A job is claimed with a lease, done, and deleted. When a process dies in between, its lease expires and another
 * replica does the job: at least once. It is done twice only when its process dies between, when the deletion of the
 * row is lost with the process, or when the process cannot renew its lease.
 */
import { setMaxListeners } from 'node:events'
import type { Orm } from '../store/database.ts'
import { buryJob, claimJobs, finishJob, type Job, postponeJob, type Room } from '../store/jobs.ts'
import { type JobKind, LEASE_MS, type Outcome } from './job-kind.ts'
import { Leases } from './leases.ts'

const DEFAULT_POLL_MS = 3_000
const MAX_REASON_LENGTH = 300

/** The used part of a logger; pino fits. */
export type JobLog = Record<'info' | 'warn' | 'error', (details: object, message: string) => void>

/** Dependencies of a runner. */
export type JobRunnerOptions = {
  orm: Orm
  kinds: readonly JobKind[]
  log: JobLog
  /** Time between polls of the queue, in milliseconds; 3,000 by default. */
  pollMs?: number
}

/** The loop that empties the queue. It never throws: failures are logged and retried. */
export class JobRunner {
  readonly #options: JobRunnerOptions
  readonly #kinds: ReadonlyMap<string, JobKind>
  readonly #pollMs: number
  readonly #leases: Leases
  readonly #stopped = new AbortController()
  readonly #inFlight = new Map<Promise<void>, Job>()
  /** Outcomes that could not be stored yet, by the id of the job. Nothing is claimed before they are. */
  readonly #unsettled = new Map<number, () => Promise<void>>()
  #running: Promise<void> | undefined
  /** The last claim found something: there may be more. */
  #backlog = false
  #storeAway = false
  #awake = false
  #endPause: (() => void) | undefined

  constructor (options: JobRunnerOptions) {
    this.#options = options
    this.#leases = new Leases(options.orm)
    this.#kinds = new Map(options.kinds.map((kind) => [kind.name, kind]))
    this.#pollMs = options.pollMs ?? DEFAULT_POLL_MS
    // Each job under way may listen, and there are as many as their kinds allow.
    setMaxListeners(0, this.#stopped.signal)
  }

  /** The names of the kinds of jobs that this replica does. */
  get kinds (): string[] {
    return [...this.#kinds.keys()]
  }

  /** Starts; a second call does nothing. */
  start (): void {
    if (!this.#stopped.signal.aborted) this.#running ??= this.#run()
  }

  /** Polls the queue at once: to be called after a commit that inserted a job. */
  wake (): void {
    this.#awake = true
    this.#endPause?.()
  }

  /** Claims no more jobs and resolves when those in flight are finished. */
  async stop (): Promise<void> {
    this.#stopped.abort()
    this.wake()
    await this.#running
    await Promise.all(this.#inFlight.keys())
    await this.#onStore(() => this.#settle())
    if (this.#unsettled.size > 0) {
      this.#options.log.error(
        { jobs: [...this.#unsettled.keys()] },
        'jobs were done, but that could not be stored: they may be done again'
      )
    }
  }

  async #run (): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      this.#awake = false
      await this.#onStore(() => this.#claim())
      await this.#pause()
    }
  }

  async #claim (): Promise<void> {
    await this.#settle()
    const rooms = this.#rooms()
    if (rooms.length === 0) return
    const jobs = await claimJobs(this.#options.orm, rooms, LEASE_MS)
    this.#backlog = jobs.length > 0
    for (const job of jobs) this.#track(job)
  }

  #rooms (): Room[] {
    const rooms = []
    for (const { name, concurrency, perTarget } of this.#kinds.values()) {
      const busy: Record<string, number> = {}
      let count = 0
      for (const { kind, target } of this.#inFlight.values()) {
        if (kind !== name) continue
        busy[target] = (busy[target] ?? 0) + 1
        count++
      }
      if (count < concurrency) rooms.push({ kind: name, room: concurrency - count, perTarget, busy })
    }
    return rooms
  }

  /** Jobs are independent: one that hangs occupies one place, not the loop. */
  #track (job: Job): void {
    const tracked = this.#do(job).finally(() => {
      this.#inFlight.delete(tracked)
      if (this.#backlog) this.wake()
    })
    this.#inFlight.set(tracked, job)
  }

  async #do (job: Job): Promise<void> {
    const kind = this.#kinds.get(job.kind)
    if (kind === undefined) return
    const lost = this.#leases.hold(job)
    const outcome = await this.#attempt(kind, job, AbortSignal.any([this.#stopped.signal, lost]))
    this.#unsettled.set(job.id, async () => {
      // That it was interrupted says nothing about the job.
      const isHeld = lost.aborted && outcome.status === 'failed'
        ? await postponeJob(this.#options.orm, job, { delayMs: 0 })
        : await this.#store(kind, job, outcome)
      if (!isHeld) this.#options.log.info({ kind: kind.name, job: job.id }, 'a job was not held any more: it is left')
      this.#leases.release(job)
    })
    await this.#onStore(() => this.#settle())
  }

  async #attempt (kind: JobKind, job: Job, signal: AbortSignal): Promise<Outcome> {
    // Every earlier attempt ended with its process: the next one must not end another.
    if (job.attempts > kind.maxAttempts) return { status: 'hopeless', reason: 'no attempt came to an end' }
    try {
      return await kind.run(job, signal)
    } catch (error) {
      return { status: 'failed', reason: describe(kind, error, job) }
    }
  }

  /** Stores outcomes, each by one caller at a time: a second write of one could undo a claim that came between. */
  async #settle (): Promise<void> {
    for (const [id, store] of this.#unsettled) {
      this.#unsettled.delete(id)
      try {
        await store()
      } catch (error) {
        this.#unsettled.set(id, store)
        throw error
      }
    }
  }

  /** @returns false when the job was another replica's by then, or is gone: nothing was changed */
  async #store (kind: JobKind, job: Job, outcome: Outcome): Promise<boolean> {
    const { orm, log } = this.#options
    const details = { kind: kind.name, job: job.id, attempts: job.attempts }
    if (outcome.status === 'done') {
      const end = await finishJob(orm, job, outcome.fields ?? {})
      if (end === 'continues') this.wake()
      return end !== 'lost'
    }
    if (outcome.status === 'continues') {
      const { afterMs: delayMs, fields = {} } = outcome
      const isHeld = await postponeJob(orm, job, { delayMs, fields, attempts: 0 })
      if (delayMs === 0) this.wake()
      return isHeld
    }
    if (outcome.status === 'hopeless' || job.attempts >= kind.maxAttempts) {
      const isHeld = await buryJob(orm, job, kind.remains?.(job) ?? job.payload, outcome.reason)
      if (isHeld) log.error({ ...details, reason: outcome.reason }, 'a job failed: it is not retried')
      return isHeld
    }
    const { reason, fields = {}, retryInMs: delayMs = kind.retryDelayMs(job.attempts) } = outcome
    const isHeld = await postponeJob(orm, job, { delayMs, fields, reason })
    if (isHeld) log.warn({ ...details, reason, retryInMs: delayMs }, 'a job failed: it is retried later')
    return isHeld
  }

  /** Runs a query; an unavailable store is logged once, and again when it is back. */
  async #onStore (query: () => Promise<void>): Promise<void> {
    const { log } = this.#options
    try {
      await query()
    } catch (error) {
      if (!this.#storeAway) log.error({ err: error }, 'the queue of jobs cannot be reached: jobs wait')
      this.#storeAway = true
      return
    }
    if (this.#storeAway) log.info({}, 'the queue of jobs can be reached again')
    this.#storeAway = false
  }

  async #pause (): Promise<void> {
    if (this.#awake || this.#stopped.signal.aborted) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#pollMs)
      this.#endPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#endPause = undefined
  }
}

/** The reason for the log and the row. */
function describe (kind: JobKind, error: unknown, job: Job): string {
  const reason = kind.describe?.(error, job) ?? (error instanceof Error ? error.message : String(error))
  return reason.replace(/\s+/g, ' ').slice(0, MAX_REASON_LENGTH)
}
