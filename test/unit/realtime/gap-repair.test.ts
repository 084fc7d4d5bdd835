import t from '../../support/tap.ts'
import { Metrics } from '../../../src/observability/metrics/metrics.ts'
import { joinFrames } from '../../../src/realtime/codec.ts'
import { coversAny, createEventBatch, type EventBatch } from '../../../src/realtime/event-batch.ts'
import { StoreFeedSource } from '../../../src/realtime/feed-source.ts'
import { GapRepair, type Gap, type GapTarget } from '../../../src/realtime/gap-repair.ts'
import { PLAIN } from '../../support/data/feed-reader.ts'
import { VirtualTime } from '../../support/virtual-time.ts'

const CHAT = 1
const MINUTE_MS = 60_000

const batch = (first: number, last: number): EventBatch =>
  createEventBatch(joinFrames(PLAIN.name, Array.from({ length: last - first + 1 }, () => Buffer.from('x'))), {
    lastSeq: last,
    membersVersion: 1,
    committedAt: 0
  })

/** Misses what is between two seqs, and believes that it exists whatever the store says. */
class Stubborn implements GapTarget {
  gap: Gap | undefined

  constructor (gap: Gap) {
    this.gap = gap
  }

  fill ({ head }: Gap, filled: EventBatch): void {
    if (coversAny(filled)) this.gap = filled.lastSeq < head ? { after: filled.lastSeq, head } : undefined
  }
}

t.test('a gap that no read brings nearer is read after pauses that grow, and reported once', async (t) => {
  await VirtualTime.during(async (time) => {
    const metrics = new Metrics()
    const reported: Gap[] = []
    const feed = new Stubborn({ after: 4, head: 6 })
    let reads = 0
    let stored = 4
    const repair = new GapRepair(CHAT, feed, {
      read: async (_chat, after) => {
        reads++
        return stored > after ? batch(after + 1, stored) : batch(after + 1, after)
      },
      failed: () => undefined,
      stalled: (_chat, gap) => void reported.push(gap),
      metrics
    })
    repair.schedule('gap')
    await time.pass(MINUTE_MS)
    t.ok(reads >= 30 && reads <= 40, `it is read some thirty times in a minute: ${String(reads)}`)
    t.equal(metrics.repairStalls, reads)
    t.strictSame(reported, [{ after: 4, head: 6 }])

    stored = 6
    await time.pass(MINUTE_MS)
    t.equal(feed.gap, undefined, 'what comes after all is taken')
    const before = reads
    await time.pass(MINUTE_MS)
    t.equal(reads, before, 'and then nothing is read any more')

    feed.gap = { after: 6, head: 7 }
    repair.schedule('gap')
    await time.pass(200)
    t.equal(reads, before + 2, 'the next gap is read at once again')
    repair.close()
    await time.pass(MINUTE_MS)
    t.equal(reads, before + 2)
  })
})

/** A log with these rows. `appears` come into being while the first page is read. */
function sourceOf (rows: number[], head: number, appears: number[] = []) {
  const metrics = new Metrics()
  const warnings: object[] = []
  const source = new StoreFeedSource({
    log: {
      read: async (chatId, after, limit) => {
        const page = rows.filter((seq) => seq > after).slice(0, limit)
        rows.push(...appears.splice(0))
        return page.map((seq) => ({
          kind: 'message.created',
          chatId,
          seq,
          id: seq,
          authorId: 1,
          username: '',
          text: '',
          at: new Date(7),
          editedAt: null,
          deletedAt: null,
          version: 1,
          clientMessageId: undefined
        }))
      },
      heads: async () => [{ chatId: CHAT, lastSeq: head, membersVersion: 3 }],
      participants: async () => new Map(),
      hiders: async () => new Map(),
      openChats: async () => []
    },
    codecOf: () => PLAIN,
    hasManyCodecs: false,
    metrics,
    tracing: undefined,
    logger: { warn: (details) => void warnings.push(details) }
  })
  return { source, metrics, warnings }
}

async function covered ({ source, metrics, warnings }: ReturnType<typeof sourceOf>, after: number, limit = 32) {
  const { firstSeq, lastSeq, frames } = await source.read(CHAT, after, limit)
  return {
    range: [firstSeq, lastSeq],
    frames: frames.ends.length,
    missing: metrics.eventsMissing,
    warnings: warnings.length
  }
}

t.test('what the log lacks between rows is covered, and so is what it lacks below its head', async (t) => {
  t.strictSame(await covered(sourceOf([5, 6], 6), 4), { range: [5, 6], frames: 2, missing: 0, warnings: 0 })
  t.strictSame(await covered(sourceOf([6, 9], 9), 4), { range: [5, 9], frames: 2, missing: 3, warnings: 1 })
  t.strictSame(await covered(sourceOf([4], 9), 4), { range: [5, 9], frames: 0, missing: 5, warnings: 1 })
  t.strictSame(
    await covered(sourceOf([5, 6, 9], 9), 4, 2),
    { range: [5, 6], frames: 2, missing: 0, warnings: 0 },
    'nothing is said of what is behind a full page'
  )
  t.strictSame(await covered(sourceOf([4], 4), 4), { range: [5, 4], frames: 0, missing: 0, warnings: 0 })
  t.strictSame(
    await covered(sourceOf([4], 3), 4),
    { range: [5, 4], frames: 0, missing: 0, warnings: 0 },
    'nor of what is beyond the head'
  )
})

t.test('what is stored between the page and the head is not taken for missing', async (t) => {
  t.strictSame(await covered(sourceOf([4], 6, [5, 6]), 4), { range: [5, 6], frames: 2, missing: 0, warnings: 0 })
})
