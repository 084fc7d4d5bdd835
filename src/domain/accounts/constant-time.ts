/** Answers whose duration does not depend on their outcome. */
import { setTimeout as sleep } from 'node:timers/promises'

/** Longer than it takes to store a mail, so that the duration of an answer does not reveal whether one was stored. */
const ANSWER_DELAY_MS = 100

/** Awaits the work, and resolves or rejects no earlier than the minimum duration. */
export async function withMinimumDuration<Result> (work: Promise<Result>): Promise<Result> {
  await Promise.allSettled([work, sleep(ANSWER_DELAY_MS)])
  return work
}
