/** Answers that take the same time whatever was found. */
import { setTimeout as sleep } from 'node:timers/promises'

/** Longer than a mail takes to be written down, so that the time of an answer does not tell whether one was. */
const ANSWER_DELAY_MS = 100

/** Does the work, and ends no earlier than any such work would. */
export async function withMinimumDuration<Result> (work: Promise<Result>): Promise<Result> {
  const [result] = await Promise.all([work, sleep(ANSWER_DELAY_MS)])
  return result
}
