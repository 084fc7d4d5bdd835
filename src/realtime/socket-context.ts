/** The environment of sockets: the same for all sockets of a replica, of any face. */
import type { Principal } from '../domain/accounts/principal.ts'
import type { Epoch } from '../domain/events/epoch.ts'
import type { Change } from '../domain/events/change.ts'
import type { Post } from '../domain/events/post.ts'
import type { Paces } from '../lib/paces.ts'
import type { Metrics } from '../observability/metrics/metrics.ts'
import type { Tracing } from '../observability/tracing/tracing.ts'
import type { ConnectionLimits } from './connection.ts'
import type { Connections } from './connections.ts'
import type { Following } from './following.ts'
import type { Hub } from './hub.ts'
import type { Presence } from './presence.ts'
import type { UserFeeds } from './user-feeds.ts'
import type { WatchedUsers } from './watched-users.ts'

/** Limits of every socket. Times are in milliseconds. */
export type SocketLimits = ConnectionLimits & {
  authDeadlineMs: number
  maxFrameBytes: number
  framesPerSecond: number
  frameBurst: number
}

/** Shared by all sockets of a replica. */
export type SocketContext = {
  limits: SocketLimits
  /** Whether the rate of frames is limited. */
  isRateLimited: boolean
  /** The rate of frames of each user over all sockets here, if it is limited. */
  userFrames: Paces | undefined
  hub: Hub
  following: Following
  userFeeds: UserFeeds
  presence: Presence
  watchedUsers: WatchedUsers
  connections: Connections
  epoch: Pick<Epoch, 'current' | 'confirm' | 'check'>
  /** Returns the caller that a token names. @throws {ChatError} `unauthenticated` */
  authenticate: (token: string) => Promise<Principal>
  /** Stores a post, which receives its outcome. */
  post: (post: Post) => void
  /** Stores a change of a message, which receives its outcome. */
  change: (change: Change) => void
  metrics: Metrics
  tracing: Tracing | undefined
  log: { info: (details: object, message: string) => void, error: (details: object, message: string) => void }
}

/** The slot of a socket among those that are not authenticated yet. */
export type Admission = {
  /** Address of the client, for the log. */
  readonly address: string
  /** Releases the slot: the socket is authenticated or closed. */
  release: () => void
}
