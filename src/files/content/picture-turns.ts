/** Turns for work on pictures in memory, which takes much of it: a bounded number at a time, of all users. */
import { FairQueue } from '../../lib/fair-queue.ts'

/** Pictures in memory at the same time, of all users. */
const CONCURRENCY = 2
/** Pictures that may wait. */
const MAX_WAITING = 64

/** There are too many pictures to look at. */
export class TooManyPicturesError extends Error {}

const turns = new FairQueue({ concurrency: CONCURRENCY, perKey: 1 })
let waiting = 0

/**
 * Runs work on a picture when it is its turn.
 * @param userId whose turn it takes
 * @throws {TooManyPicturesError}
 */
export async function inPictureTurn<Result> (userId: number, work: () => Promise<Result>): Promise<Result> {
  if (waiting >= MAX_WAITING) throw new TooManyPicturesError()
  waiting++
  try {
    return await turns.run(userId, work)
  } finally {
    waiting--
  }
}
