/**
 * The metrics port: counters that the parts of a replica increment. Plain numbers that are always counted, so that a
 * message costs one more addition and no branch; an adapter (`prometheus.ts`) reads them on demand.
 *
 * Labels come from lists in this file or from types, never from a client, so the number of series is bounded.
 * `catalogue.ts` describes each metric to operators.
 */
import { Distribution, LabelledDistribution } from './distribution.ts'
import { Tally } from './tally.ts'

const CLOSE_CODES = [
  '1000',
  '1001',
  '1002',
  '1003',
  '1005',
  '1006',
  '1007',
  '1008',
  '1009',
  '1011',
  '1012',
  '1013',
  'other'
] as const

const FILE_EVENTS = ['received', 'kept', 'opened', 'removed', 'failed'] as const
/** What a storage of files does; `failed` is what it could not do. */
export type FileEvent = (typeof FILE_EVENTS)[number]

/** The label of a close code: clients may send any code, so uncommon ones become `other`. */
export function closeLabel (code: number): (typeof CLOSE_CODES)[number] {
  return CLOSE_CODES.find((known) => known === String(code)) ?? 'other'
}

/** The counters of one replica since its start. */
export class Metrics {
  /** WebSocket upgrades that were accepted. */
  socketsOpened = 0
  /** Closed sockets: the code of the server's close, or else of the client's, 1006 without either. */
  readonly socketsClosed = new Tally(CLOSE_CODES)
  readonly authFailures = new Tally(['refused', 'timeout', 'too_many_sockets', 'unavailable'])
  /** Frames by command, which each face declares; those of no known command are `unknown` or `invalid`. */
  readonly framesReceived = new Tally<string>(['unknown', 'invalid'])
  /** Frames by type, which each face declares. */
  readonly framesSent = new Tally<string>([])
  /** Sockets that were closed because too many bytes waited for them. */
  slowConsumers = 0

  /** From a post's frame to its acknowledgement, in seconds. */
  readonly postSeconds = Distribution.ofSeconds()
  /** From a commit, on any replica, to the write to this replica's sockets: the oldest message of each write. */
  readonly deliverySeconds = Distribution.ofSeconds()
  readonly eventsCommitted = new Tally(['message', 'other'])
  /** Attempts to deliver an event to a webhook, by how the event stands afterwards. */
  readonly webhookAttempts = new Tally(['delivered', 'waiting', 'dead'])
  readonly fileEvents = new Tally<FileEvent>(FILE_EVENTS)
  /** Attempts to tell a device, by what became of it. */
  readonly pushAttempts = new Tally(['sent', 'failed', 'gone', 'refused'])
  /** Posts that were already stored. */
  postDuplicates = 0

  /** Messages and edits that the application was asked about, by what became of it. */
  readonly hookAnswers = new Tally(['allowed', 'denied', 'rewritten', 'failed', 'skipped'])
  /** From a question to the application to its answer, in seconds. */
  readonly hookSeconds = Distribution.ofSeconds()

  /** Hints that arrived before one that precedes them. */
  hintGaps = 0
  /** Hints of other replicas without news. */
  hintDuplicates = 0
  /** Hints without a valid seal. */
  hintsUnsealed = 0
  /**
   * Reads from the store for messages without a hint: to fill a gap, found by the sweep, or by a join ahead of the
   * feed.
   */
  readonly positionRepairs = new Tally(['gap', 'sweep', 'join'])
  /** Reads behind a gap that brought nothing. */
  repairStalls = 0
  /** Events below the head of their chat that the store does not have: skipped. */
  eventsMissing = 0
  readonly resumes = new Tally(['ok', 'position_unknown', 'not_a_participant', 'failed'])
  /** Messages replayed to one join. */
  readonly resumeMessages = Distribution.ofMessages()

  busReconnects = 0
  readonly querySeconds = new LabelledDistribution(['op'])
  /** Queries and transactions that are running or wait for a connection. */
  queriesRunning = 0
  readonly requestSeconds = new LabelledDistribution(['method', 'route', 'status'])
  /** Requests and upgrades that were refused because this replica is overloaded or stops. */
  readonly overloadRefusals = new Tally([
    'event_loop', 'heap', 'rss', 'posts', 'sockets', 'unauthenticated', 'draining'
  ])

  /** Refusals by the name of the rate. */
  readonly rateLimited = new Tally<string>([])
}
