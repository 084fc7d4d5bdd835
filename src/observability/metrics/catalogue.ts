/**
 * Every metric of our own: its name, its description, and the source of its value. Node's own metrics come from the
 * library.
 */
import type { Distribution, LabelledDistribution } from './distribution.ts'
import { type JobReading, ofJobs } from './job-metrics.ts'
import type { Metrics } from './metrics.ts'
import type { Tally } from './tally.ts'

/** Values that are read on demand, because another component already has them. */
export type Readings = {
  /** Open sockets, and those of them that are authenticated. */
  sockets: () => { open: number, authenticated: number }
  /** Bytes that wait to be sent, over all sockets. */
  sendBufferBytes: () => number
  /** Chats that sockets of this replica follow. */
  subscriptions: () => number
  /** Users who are online because of this replica, and users whose presence is watched here. */
  presence: () => { here: number, watched: number }
  postsWaiting: () => number
  isBusUp: () => boolean
  /** Hints that could not be handed to the bus. */
  hintsDropped: () => number
  poolSize: number
  /** The queue of jobs by kind: those that wait, those that were given up, and the age of the oldest that waits. */
  jobs: () => Promise<JobReading[]>
  isDraining: () => boolean
}

type Counted = { kind: 'counter', value: () => number } | { kind: 'counter', label: string, tally: Tally<string> }
type Read =
  | { kind: 'gauge', value: () => number | Promise<number> }
  | { kind: 'gauge', label: string, values: () => Record<string, number> | Promise<Record<string, number>> }
type Spread = { kind: 'histogram', of: Distribution | LabelledDistribution<string> }

/** A metric: its name, one sentence about it, and the source of its value. */
export type MetricSource = { name: string, help: string } & (Counted | Read | Spread)

/** The metrics of a replica, in the order of the catalogue. */
export function catalogue (metrics: Metrics, readings: Readings): MetricSource[] {
  return [
    ...ofSockets(metrics, readings),
    ...ofMessages(metrics, readings),
    ...ofHints(metrics),
    ...ofBus(metrics, readings),
    ...ofServices(metrics, readings),
    ...ofJobs(metrics, readings)
  ]
}

function ofSockets (metrics: Metrics, { sockets, sendBufferBytes }: Readings): MetricSource[] {
  return [
    {
      name: 'chat_ws_connections',
      help: 'Open WebSockets, by whether they are authenticated.',
      kind: 'gauge',
      label: 'state',
      values: () => {
        const { open, authenticated } = sockets()
        return { authenticated, pending: Math.max(open - authenticated, 0) }
      }
    },
    {
      name: 'chat_ws_connections_opened_total',
      help: 'WebSockets opened.',
      kind: 'counter',
      value: () => metrics.socketsOpened
    },
    {
      name: 'chat_ws_connections_closed_total',
      help: 'WebSockets closed, by close code.',
      kind: 'counter',
      label: 'code',
      tally: metrics.socketsClosed
    },
    {
      name: 'chat_ws_auth_failures_total',
      help: 'WebSockets that failed to authenticate, by reason.',
      kind: 'counter',
      label: 'reason',
      tally: metrics.authFailures
    },
    {
      name: 'chat_ws_frames_received_total',
      help: 'Frames received, by type.',
      kind: 'counter',
      label: 'type',
      tally: metrics.framesReceived
    },
    {
      name: 'chat_ws_frames_sent_total',
      help: 'Frames sent, by type.',
      kind: 'counter',
      label: 'type',
      tally: metrics.framesSent
    },
    {
      name: 'chat_ws_send_buffer_bytes',
      help: 'Bytes that wait to be sent, over all WebSockets.',
      kind: 'gauge',
      value: sendBufferBytes
    },
    {
      name: 'chat_ws_slow_consumers_total',
      help: 'WebSockets closed because too many bytes waited to be sent to them.',
      kind: 'counter',
      value: () => metrics.slowConsumers
    }
  ]
}

function ofMessages (metrics: Metrics, { postsWaiting }: Readings): MetricSource[] {
  return [
    {
      name: 'chat_post_duration_seconds',
      help: 'Time from the frame of a post to its acknowledgement.',
      kind: 'histogram',
      of: metrics.postSeconds
    },
    {
      name: 'chat_post_queue',
      help: 'Posts that wait for the batch before theirs.',
      kind: 'gauge',
      value: postsWaiting
    },
    {
      name: 'chat_delivery_latency_seconds',
      help: 'Time from a commit on any replica to the write to the sockets of this one.',
      kind: 'histogram',
      of: metrics.deliverySeconds
    },
    {
      name: 'chat_events_committed_total',
      help: 'Events that this replica committed, by type.',
      kind: 'counter',
      label: 'type',
      tally: metrics.eventsCommitted
    },
    {
      name: 'chat_post_duplicates_total',
      help: 'Posts that were already stored and received their first answer again.',
      kind: 'counter',
      value: () => metrics.postDuplicates
    },
    {
      name: 'chat_before_message_total',
      help: 'Messages and edits that the hook was asked about, by result; it is skipped for a while after failures.',
      kind: 'counter',
      label: 'result',
      tally: metrics.hookAnswers
    },
    {
      name: 'chat_before_message_duration_seconds',
      help: 'Time from a question to the hook before a message to its answer.',
      kind: 'histogram',
      of: metrics.hookSeconds
    },
    {
      name: 'chat_resume_total',
      help: 'Joins with a position to resume from, by result.',
      kind: 'counter',
      label: 'result',
      tally: metrics.resumes
    },
    { name: 'chat_resume_events', help: 'Events replayed to one join.', kind: 'histogram', of: metrics.resumeMessages }
  ]
}

function ofHints (metrics: Metrics): MetricSource[] {
  return [
    {
      name: 'chat_hint_gap_total',
      help: 'Hints that arrived before one that precedes them.',
      kind: 'counter',
      value: () => metrics.hintGaps
    },
    {
      name: 'chat_hint_duplicate_total',
      help: 'Hints of other replicas without news.',
      kind: 'counter',
      value: () => metrics.hintDuplicates
    },
    {
      name: 'chat_hint_unsealed_total',
      help: 'Hints that no replica with this JWT_SECRET sealed: of version 0.1, or forged. The store is read instead.',
      kind: 'counter',
      value: () => metrics.hintsUnsealed
    },
    {
      name: 'chat_position_repair_total',
      help: 'Reads from the store for events without a hint, by what showed that they were missing.',
      kind: 'counter',
      label: 'cause',
      tally: metrics.positionRepairs
    },
    {
      name: 'chat_position_repair_stalls_total',
      help: 'Reads from the store for missing events without progress, which are repeated after a pause.',
      kind: 'counter',
      value: () => metrics.repairStalls
    },
    {
      name: 'chat_events_missing_total',
      help: 'Events below the head of their chat that the database does not have: they are skipped.',
      kind: 'counter',
      value: () => metrics.eventsMissing
    }
  ]
}

function ofBus (metrics: Metrics, { subscriptions, presence, isBusUp, hintsDropped }: Readings): MetricSource[] {
  return [
    {
      name: 'chat_subscriptions',
      help: 'Chats that this replica follows for its sockets.',
      kind: 'gauge',
      value: subscriptions
    },
    {
      name: 'chat_presence_users',
      help: 'Users who are online because of this replica, and users whose presence its sockets watch.',
      kind: 'gauge',
      label: 'kind',
      values: () => ({ ...presence() })
    },
    {
      name: 'chat_redis_up',
      help: '1 while hints reach the other replicas; also 1 without Redis, where there are none.',
      kind: 'gauge',
      value: () => Number(isBusUp())
    },
    {
      name: 'chat_redis_publish_errors_total',
      help: 'Hints that could not be sent because Redis was away or did not read.',
      kind: 'counter',
      value: hintsDropped
    },
    {
      name: 'chat_redis_reconnects_total',
      help: 'Reconnections to Redis after an outage.',
      kind: 'counter',
      value: () => metrics.busReconnects
    }
  ]
}

function ofServices (metrics: Metrics, { poolSize, isDraining }: Readings): MetricSource[] {
  return [
    {
      name: 'chat_db_pool_in_use',
      help: 'Connections of the pool in use.',
      kind: 'gauge',
      value: () => Math.min(metrics.queriesRunning, poolSize)
    },
    {
      name: 'chat_db_pool_waiting',
      help: 'Queries and transactions that wait for a connection.',
      kind: 'gauge',
      value: () => Math.max(metrics.queriesRunning - poolSize, 0)
    },
    {
      name: 'chat_db_query_duration_seconds',
      help: 'Duration of queries and transactions, including the wait for a connection, by kind.',
      kind: 'histogram',
      of: metrics.querySeconds
    },
    {
      name: 'chat_rate_limited_total',
      help: 'Requests refused by a rate limit, by the name of the rate.',
      kind: 'counter',
      label: 'scope',
      tally: metrics.rateLimited
    },
    {
      name: 'chat_overload_refusals_total',
      help: 'Requests and upgrades refused because the replica is overloaded or stops, by reason.',
      kind: 'counter',
      label: 'reason',
      tally: metrics.overloadRefusals
    },
    {
      name: 'chat_draining',
      help: '1 while the replica is stopping.',
      kind: 'gauge',
      value: () => Number(isDraining())
    },
    {
      name: 'http_request_duration_seconds',
      help: 'Duration of HTTP requests, by method, route and class of status.',
      kind: 'histogram',
      of: metrics.requestSeconds
    }
  ]
}
