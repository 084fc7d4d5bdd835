/**
 * What one user may use of a replica, whatever the number of sockets and requests: rates, which delay, and turns. They
 * are wide for any client in good faith; with them the worst that one account can do does not slow down the others.
 */
import type { Config } from '../config/config.ts'
import { FairQueue } from '../lib/fair-queue.ts'
import { Paces } from '../lib/paces.ts'

/** Seconds of its rate that a user may use at once after a rest, for frames and requests. */
const BURST_S = 5
/** Frames per second that tell that a user is typing: one comes with every key. */
const TYPING_PER_SECOND = 20
/** Reads for joins at the same time: for so many of the connections to Postgres, and of one user at most. */
const [READS_SHARE, READS_PER_USER] = [0.5, 2]
/** Requests that are handled at the same time for each connection to Postgres, which wait for it by turns. */
const REQUESTS_PER_CONNECTION = 2
/** Requests of one user at the same time: for so many of the connections, and at most. */
const [REQUESTS_SHARE, REQUESTS_PER_USER] = [0.4, 4]

/** See the head of this file. The rates are undefined where they are not limited. */
export type UserShares = {
  readonly frames: Paces | undefined
  readonly typing: Paces | undefined
  readonly requests: Paces | undefined
  readonly replays: Paces | undefined
  /** Turns in reading from the store for joins, apart from posts and requests. */
  readonly reads: FairQueue
  /** Turns in the handling of requests with a session. */
  readonly handling: FairQueue
}

/** Creates the shares of all users of a replica. */
export function createUserShares ({ database: { pool }, rateLimits, userRates }: Config): UserShares {
  const paced = (perSecond: number, burstS: number) =>
    rateLimits ? new Paces({ perSecond, burst: perSecond * burstS }) : undefined
  const reads = Math.max(2, Math.floor(pool * READS_SHARE))
  return {
    frames: paced(userRates.framesPerSecond, BURST_S),
    typing: paced(TYPING_PER_SECOND, BURST_S),
    requests: paced(userRates.requestsPerSecond, BURST_S),
    replays: paced(userRates.replayPerSecond, 1),
    reads: new FairQueue({ concurrency: reads, perKey: Math.min(READS_PER_USER, reads - 1) }),
    handling: new FairQueue({
      concurrency: pool * REQUESTS_PER_CONNECTION,
      perKey: Math.min(REQUESTS_PER_USER, Math.max(1, Math.floor(pool * REQUESTS_SHARE)))
    })
  }
}
