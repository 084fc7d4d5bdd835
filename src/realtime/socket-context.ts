/** What sockets are served from: the same for all sockets of a replica, whatever their face. */
import type { Session } from '../domain/accounts/sessions.ts'
import type { Epoch } from '../domain/events/epoch.ts'
import type { Post } from '../domain/events/event-writer.ts'
import type { Metrics } from '../observability/metrics/metrics.ts'
import type { Tracing } from '../observability/tracing/tracing.ts'
import type { ConnectionLimits } from './connection.ts'
import type { Connections } from './connections.ts'
import type { Hub } from './hub.ts'

/** Bounds of every socket. Times are in milliseconds. */
export type SocketLimits = ConnectionLimits & {
  authDeadlineMs: number
  maxFrameBytes: number
  framesPerSecond: number
  frameBurst: number
}

/** What all sockets of a replica share. */
export type SocketContext = {
  limits: SocketLimits
  /** Whether the rate of frames is bounded. */
  isRateLimited: boolean
  hub: Hub
  connections: Connections
  epoch: Pick<Epoch, 'current' | 'confirm' | 'check'>
  /** The living session of a token. @throws {ChatError} `unauthenticated` */
  authenticate: (token: string) => Promise<Session>
  /** Stores a post; it hears what became of it. */
  post: (post: Post) => void
  metrics: Metrics
  tracing: Tracing | undefined
  log: { info: (details: object, message: string) => void, error: (details: object, message: string) => void }
}

/** The place that a socket takes among those whose user is not known yet. */
export type Admission = {
  /** Where the socket comes from, for the log. */
  readonly address: string
  /** Gives the place back: the user is known, or the socket is gone. */
  release: () => void
}
