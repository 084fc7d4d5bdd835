/** A kind of jobs: what is done for one, and how often it is tried. */
import type { Job, JobPayload } from '../store/jobs.ts'

/**
 * How an attempt ended. `fields` are set in the payload. A job that is `done` is deleted, unless it was given more to
 * do meanwhile. One that `continues` is due again after a time, and its attempts are counted anew. One that is
 * `hopeless` is given up.
 */
export type Outcome =
  | { readonly status: 'done', readonly fields?: JobPayload }
  | { readonly status: 'continues', readonly afterMs: number, readonly fields?: JobPayload }
  | { readonly status: 'failed', readonly reason: string, readonly retryInMs?: number, readonly fields?: JobPayload }
  | { readonly status: 'hopeless', readonly reason: string }

/** A kind of jobs, and how a replica does them. */
export type JobKind = {
  /** Its name in the table, in metrics and for `confab jobs`. */
  readonly name: string
  /** Jobs that a replica does at a time. */
  readonly concurrency: number
  /** The same for one target. */
  readonly perTarget: number
  /** Attempts before a job is given up; Infinity for one that decides by itself. */
  readonly maxAttempts: number
  /** The pause after so many attempts, in milliseconds. */
  readonly retryDelayMs: (attempts: number) => number
  /**
   * Does a job. An error that it throws is a failure like one that it returns. `signal` is aborted when the replica
   * stops or has lost the job to another one: a job that can be interrupted returns `continues`.
   */
  readonly run: (job: Job, signal: AbortSignal) => Promise<Outcome>
  /** Describes an error for the log, without anything confidential of the job. */
  readonly describe?: (error: unknown, job: Job) => string
  /** What stays of the payload of a job that is given up; everything by default. */
  readonly remains?: (job: Job) => JobPayload
}

/** Duration of a claim, in milliseconds, unless it is renewed: the jobs of a replica that dies wait so long. */
export const LEASE_MS = 15_000

/**
 * Exponential backoff, half of it random so that jobs that failed together are not retried together (AWS Architecture
 * Blog, "Exponential Backoff And Jitter").
 * @param firstMs pause after the first attempt, in milliseconds
 */
export function backoff (firstMs: number, mostMs = Infinity): (attempts: number) => number {
  return (attempts) => Math.round((Math.min(mostMs, firstMs * 2 ** (attempts - 1)) * (1 + Math.random())) / 2)
}
