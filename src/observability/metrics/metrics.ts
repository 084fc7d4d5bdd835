/**
 * The metrics port: what the parts of a replica count as they go. Plain numbers that are always counted, so that the
 * path of a message costs an addition more and no branch; an adapter (`prometheus.ts`) reads them when it is asked.
 *
 * Labels come from lists in here or from types, never from a client, so the number of series is bounded. What each
 * number means to an operator stands in `catalogue.ts`.
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

/** The label of a close code: clients may send any, so the unusual are `other`. */
export function closeLabel (code: number): (typeof CLOSE_CODES)[number] {
  return CLOSE_CODES.find((known) => known === String(code)) ?? 'other'
}

/** What one replica has counted since its start. */
export class Metrics {
  /** WebSocket upgrades that were let in. */
  socketsOpened = 0
  /** Sockets that ended: the code of the server's close, or else of the client's, 1006 for none at all. */
  readonly socketsClosed = new Tally(CLOSE_CODES)
  readonly authFailures = new Tally(['refused', 'timeout', 'too_many_sockets', 'unavailable'])
  /** Frames by command, which each face declares; those that are no command at all are `unknown` or `invalid`. */
  readonly framesReceived = new Tally<string>(['unknown', 'invalid'])
  /** Frames by type, which each face declares. */
  readonly framesSent = new Tally<string>([])
  /** Sockets closed because too much waited for them. */
  slowConsumers = 0

  /** From a post's frame to its acknowledgement, in seconds. */
  readonly postSeconds = Distribution.ofSeconds()
  /** From a commit, on any replica, to the write to this replica's sockets: the oldest message of each write. */
  readonly deliverySeconds = Distribution.ofSeconds()
  readonly eventsCommitted = new Tally(['message'])
  /** Posts that were stored before. */
  postDuplicates = 0

  /** Hints that came before one that should precede them. */
  hintGaps = 0
  /** Hints of other replicas that told nothing new. */
  hintDuplicates = 0
  /** Reads of what no hint told: behind a gap, found missing by the sweep, or by a join that was ahead of the feed. */
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
  /** Queries and transactions that are under way or wait for a connection. */
  queriesRunning = 0
  readonly requestSeconds = new LabelledDistribution(['method', 'route', 'status'])
  /** Requests and upgrades that were refused because this replica has more to do than it can, or stops. */
  readonly overloadRefusals = new Tally([
    'event_loop', 'heap', 'rss', 'posts', 'sockets', 'unauthenticated', 'draining'
  ])

  /** Refusals by the name of the rate. */
  readonly rateLimited = new Tally<string>([])
}
