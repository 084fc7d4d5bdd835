/** One round: load, the fault, recovery, silence, and then the checker. */
import { setTimeout as delay } from 'node:timers/promises'
import { Random } from '../support/data/random.ts'
import { check, damageOf, type Violation } from './checking/checker.ts'
import type { History, ReaderRecord, StoredEvent, StoredRow } from './checking/history.ts'
import { Journal } from './clients/journal.ts'
import { STEADY, Workload } from './clients/workload.ts'
import type { Fault } from './fault.ts'
import type { Build } from './servers/build.ts'
import type { FaultCluster } from './servers/fault-cluster.ts'
import { RunScope } from '../support/scope.ts'

const WARM_UP_MS = 1_000
const FLOW_DEADLINE_MS = 20_000
const AFTERMATH_MS = 700
/** Within what time everybody has everything when all is well and nobody posts any more. */
const CONVERGENCE_MS = 10_000
const CONVERGENCE_DEADLINE_MS = 20_000
/** The jobs of a replica that was killed wait for its lease, and what it had noted for the next sweep. */
const WEBHOOK_DEADLINE_MS = 75_000
const MEMORY_INTERVAL_MS = 250
/** What no replica needs under this load. */
const MEMORY_MIB = 400

/** What came of a round. Times are in milliseconds. */
export type RoundResult = {
  readonly fault: Fault
  readonly injections: number
  readonly acked: number
  readonly damage: ReturnType<typeof damageOf>
  /** The longest that a reader of a chat got nothing while it was posted to. */
  readonly longestGapMs: number
  /** From the mending to the first post and delivery of everybody. */
  readonly recoveryMs: number
  readonly peakMiB: number
  readonly violations: readonly Violation[]
  readonly notes: readonly string[]
  /** Whether the cluster is in no state to go on with. */
  readonly isClusterBroken: boolean
}

/** Runs a fault on a cluster. */
export async function runRound (fault: Fault, cluster: FaultCluster, seed: number, build: Build): Promise<RoundResult> {
  const scope = new RunScope()
  const journal = new Journal()
  const random = new Random(seed)
  const notes: string[] = []
  let injections = 0
  try {
    await cluster.healthy()
    const { patience } = fault
    for (const replica of cluster.replicas) replica.resetMemory()
    const sampling = setInterval(() => {
      for (const replica of cluster.replicas) replica.measure()
    }, MEMORY_INTERVAL_MS)
    scope.teardown(() => clearInterval(sampling))
    const deadlocks = await countDeadlocks(cluster)
    const workload = await Workload.start({
      scope,
      cluster,
      journal,
      random,
      // Of a log that is void nothing can be shown to who was not told.
      shape: {
        ...STEADY,
        ...(fault.changesEpoch === true && { hasGroup: false, hasWebhook: false }),
        ...fault.load,
        ...fault.loadOf?.(cluster)
      },
      readerServer: await fault.readerServer?.(cluster, scope),
      patience: patience === undefined ? undefined : () => patience(random)
    })
    scope.teardown(() => workload.end())
    const startedAt = Date.now()
    if ((await workload.flows(startedAt, FLOW_DEADLINE_MS)) === undefined)
      throw new Error('The load does not get going.')
    await delay(WARM_UP_MS)

    await fault.inject({
      cluster,
      workload,
      journal,
      random,
      scope,
      build,
      injected: (times = 1) => {
        injections += times
      },
      note: (text) => notes.push(text),
      during: (ms) => delay(ms)
    })
    const mendedAt = Date.now()
    const recoveryMs = await workload.flows(mendedAt, FLOW_DEADLINE_MS)
    if (recoveryMs === undefined)
      journal.failures.push(`the load does not flow ${String(FLOW_DEADLINE_MS)} ms after all was mended`)
    await delay(AFTERMATH_MS)
    if (!(await workload.stopWriting()))
      journal.failures.push('posts were not acknowledged a minute after all was mended')
    const stoppedAt = Date.now()
    await converge(cluster, workload)
    const history = await collect({ fault, cluster, journal, workload, deadlocks })
    const violations = check(history)
    const acked = countAcked(journal)
    return {
      fault,
      injections,
      acked,
      violations,
      notes,
      damage: damageOf(violations),
      isClusterBroken: false,
      recoveryMs: recoveryMs ?? FLOW_DEADLINE_MS,
      longestGapMs: Math.max(0, ...workload.readers.map(({ record }) => longestGap(record, startedAt, stoppedAt))),
      peakMiB: Math.max(...history.memory.map(({ peakMiB }) => peakMiB))
    }
  } catch (error) {
    const messages = [
      `the round broke off: ${error instanceof Error ? error.message : String(error)}`,
      ...journal.failures,
      ...cluster.failures.splice(0)
    ]
    return {
      fault,
      injections,
      acked: countAcked(journal),
      violations: messages.map((message) => ({ invariant: 'I9', message })),
      notes,
      damage: damageOf([]),
      isClusterBroken: true,
      longestGapMs: 0,
      recoveryMs: 0,
      peakMiB: 0
    }
  } finally {
    await scope.end()
  }
}

/** Waits until every reader has everything, and notes how long that took. */
async function converge (cluster: FaultCluster, workload: Workload): Promise<void> {
  const chatIDs = workload.pairs.map(({ chatID }) => chatID)
  const [heads, lastMessages] = [await readHeads(cluster, chatIDs), await readLastMessages(cluster, chatIDs)]
  const start = Date.now()
  await Promise.all(
    workload.followers.map(async (reader) => {
      const ends = reader.record.showsEvents === true ? heads : lastMessages
      await reader.reached(ends.get(reader.chatID) ?? 0, CONVERGENCE_DEADLINE_MS)
      reader.record.convergedMs = Date.now() - start
    })
  )
  await workload.group?.converge(CONVERGENCE_DEADLINE_MS)
  const { webhook } = workload
  await webhook?.reached(await readHeads(cluster, webhook.chatIDs), WEBHOOK_DEADLINE_MS)
}

async function collect ({
  fault,
  cluster,
  journal,
  workload,
  deadlocks
}: {
  fault: Fault
  cluster: FaultCluster
  journal: Journal
  workload: Workload
  deadlocks: number
}): Promise<History> {
  const chatIDs = [
    ...new Set([
      ...workload.pairs.map(({ chatID }) => chatID),
      ...workload.webhook?.chatIDs ?? [],
      ...journal.posts.map(({ chatID }) => chatID),
      ...journal.readers.map(({ chatID }) => chatID)
    ])
  ]
  const rows = await cluster.sql<{ chat: string, seq: string, id: string, text: string }[]>`
    select chat_id as chat, seq, id, body as text from messages
   
    where chat_id in ${cluster.sql(chatIDs)} order by chat_id, seq`
  const heads = await readHeads(cluster, chatIDs)
  const events = await readEvents(cluster, chatIDs)
  const waited = (await countDeadlocks(cluster)) - deadlocks
  return {
    posts: journal.posts,
    changes: journal.changes,
    readers: journal.readers,
    lists: workload.lists,
    rows: rows.map(({ chat, seq, id, text }): StoredRow => ({
      chatID: Number(chat),
      seq: Number(seq),
      messageID: Number(id),
      text
    })),
    heads,
    events,
    group: await workload.group?.history(),
    webhooks: workload.webhook?.records ?? [],
    failures: [
      ...journal.failures,
      ...cluster.failures.splice(0),
      ...workload.followers
        .filter(({ voided }) => (voided.length > 0) !== (fault.changesEpoch === true))
        .map(({ name, voided }) => `${name} was told ${String(voided.length)} times to start over`),
      ...(waited > 0 ? [`Postgres has broken ${String(waited)} deadlocks between replicas`] : [])
    ],
    late: journal.late,
    memory: cluster.replicas.map((replica) => ({
      replica: replica.name,
      peakMiB: replica.measure(),
      boundMiB: fault.memoryMiB ?? MEMORY_MIB
    })),
    convergenceMs: CONVERGENCE_MS
  }
}

function countAcked ({ posts, changes }: Journal): number {
  return [...posts, ...changes].filter(({ ack }) => ack !== undefined).length
}

/** The events that are no messages. */
async function readEvents (cluster: FaultCluster, chatIDs: number[]): Promise<Map<number, Map<number, StoredEvent>>> {
  const rows = await cluster.sql<{ chat: string, seq: string, kind: string, target: string | null }[]>`
    select chat_id as chat, seq, kind, target_seq as target from chat_events
    where chat_id in ${cluster.sql(chatIDs)}`
  const events = new Map<number, Map<number, StoredEvent>>()
  for (const { chat, seq, kind, target } of rows) {
    const event = { kind, targetSeq: target === null ? undefined : Number(target) }
    events.set(Number(chat), (events.get(Number(chat)) ?? new Map<number, StoredEvent>()).set(Number(seq), event))
  }
  return events
}

/** The seq of the last message of each chat, behind which there may be events. */
async function readLastMessages (cluster: FaultCluster, chatIDs: number[]): Promise<Map<number, number>> {
  const rows = await cluster.sql<{ chat: string, last: string }[]>`
    select chat_id as chat, max(seq) as last from messages where chat_id in ${cluster.sql(chatIDs)} group by chat_id`
  return new Map(rows.map(({ chat, last }) => [Number(chat), Number(last)]))
}

async function readHeads (cluster: FaultCluster, chatIDs: number[]): Promise<Map<number, number>> {
  const rows = await cluster.sql<
    { chat: string, head: string }[]
  >`select chat_id as chat, last_seq as head from chat_heads where chat_id in ${cluster.sql(chatIDs)}`
  return new Map(rows.map(({ chat, head }) => [Number(chat), Number(head)]))
}

/** The replicas' transactions that Postgres has ended for want of an order; a crash of Postgres forgets them. */
async function countDeadlocks (cluster: FaultCluster): Promise<number> {
  const [row] = await cluster.sql<
    { deadlocks: string }[]
  >`select deadlocks from pg_stat_database where datname = current_database()`
  return Number(row?.deadlocks ?? 0)
}

function longestGap ({ seen }: ReaderRecord, from: number, to: number): number {
  let [longest, last] = [0, from]
  for (const { at } of seen) {
    if (at < from || at > to) continue
    longest = Math.max(longest, at - last)
    last = at
  }
  return Math.max(longest, to - last)
}
