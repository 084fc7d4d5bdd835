/**
 * The jobs that erase what deleted accounts have left in chats, a bounded part at a time (`domain/chats/erasure.ts`).
 * Parts may be repeated, so a job goes on at about the place where a replica has left it.
 */
import { EventEmitter, once } from 'node:events'
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import { type Erasure, ERASURE_KIND } from '../store/erasures.ts'
import type { Job } from '../store/jobs.ts'
import { backoff, type JobKind, type Outcome } from './job-kind.ts'
import type { JobLog } from './job-runner.ts'

const CONCURRENCY = 4
const [RETRY_MS, MAX_RETRY_MS] = [500, 60_000]
/** Time after which a job makes room for another one. */
const SLICE_MS = 10_000
/** The erasure of a small account is over before its deletion is answered. */
const ANSWER_WITHIN_MS = 3_000

const payloadForm = Compile(Type.Object({
  user: Type.Integer(),
  /** Chats up to this one are done. */
  chat: Type.Optional(Type.Integer())
}))

/** Dependencies of the erasures. */
export type ErasuresDeps = {
  /** See `domain/chats/erasure.ts`. */
  step: (erasure: Erasure) => Promise<number | undefined>
  /** Has this replica look for jobs at once. */
  onJobs: () => void
  log: Pick<JobLog, 'info'>
}

/** Creates the kind of jobs, and what waits for them. */
export function createErasures ({ step, onJobs, log }: ErasuresDeps) {
  const ended = new EventEmitter()

  async function run ({ payload }: Job, signal: AbortSignal): Promise<Outcome> {
    const { user: userId, chat = 0 } = payloadForm.Parse(payload)
    const endsAt = Date.now() + SLICE_MS
    let position = chat
    while (!signal.aborted && Date.now() < endsAt) {
      const next = await step({ userId, chatId: position })
      if (next === undefined) {
        log.info({ userId }, 'the messages of a deleted account are erased')
        ended.emit(String(userId))
        return { status: 'done' }
      }
      // A lock is in the way.
      if (next === position) return { status: 'continues', afterMs: RETRY_MS, fields: { chat: position } }
      position = next
    }
    return { status: 'continues', afterMs: 0, fields: { chat: position } }
  }

  const kind: JobKind = {
    name: ERASURE_KIND,
    concurrency: CONCURRENCY,
    perTarget: CONCURRENCY,
    // Nothing of a deleted account may stay: what cannot be erased now is tried for ever.
    maxAttempts: Infinity,
    retryDelayMs: backoff(RETRY_MS, MAX_RETRY_MS),
    run
  }
  return {
    kind,
    /** Has an account be erased that was just deleted. Resolves when that is over, or goes on for long. */
    erase: async (userId: number): Promise<void> => {
      const isOver = once(ended, String(userId), { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) })
      onJobs()
      await isOver.catch(() => undefined)
    }
  }
}
