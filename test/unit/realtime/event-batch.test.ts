import fc from 'fast-check'
import t from '../../support/tap.ts'
import {
  bytesFrom,
  createEventBatch,
  decodeEventBatch,
  encodeEventBatch,
  firstSeqOf,
  originOf,
  type EventBatch
} from '../../../src/realtime/event-batch.ts'
import { seedOf } from '../../support/data/random.ts'

const MAX_U48 = 2 ** 48 - 1
const MAX_FRAMES = 65_535
const HEADER_BYTES = 26
/** A replica's number. */
const ORIGIN = 2 ** 32 - 1

type Content = { frames: Buffer[], lastSeq: number, membersVersion: number, committedAt: number }

const frame = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes))
const content: fc.Arbitrary<Content> = fc.array(frame, { maxLength: 12 }).chain((frames) =>
  fc.record({
    frames: fc.constant(frames),
    lastSeq: fc.oneof(
      fc.integer({ min: frames.length, max: frames.length + 5 }),
      fc.integer({ min: frames.length, max: MAX_U48 })
    ),
    membersVersion: fc.oneof(fc.nat(5), fc.integer({ min: 0, max: MAX_U48 })),
    committedAt: fc.integer({ min: 0, max: MAX_U48 })
  })
)
const run = content.map(({ frames, lastSeq, membersVersion, committedAt }) =>
  createEventBatch(frames, lastSeq, membersVersion, committedAt)
)

/** What is wrong with a run; undefined if nothing. */
function complaintAbout ({ lastSeq, membersVersion, committedAt, ends, bytes }: EventBatch): string | undefined {
  if (![lastSeq, membersVersion, committedAt, ...ends].every((value) => Number.isSafeInteger(value) && value >= 0))
    return 'there is something else than a natural number'
  if (lastSeq < ends.length) return 'the first seq is below 1'
  if (ends.some((end, index) => end <= (ends[index - 1] ?? 0))) return 'a frame is empty, or ends before it begins'
  return (ends.at(-1) ?? 0) === bytes.length ? undefined : 'the frames are not all of the bytes'
}

t.test('a run is on the other side of the bus what it was on this', async (t) => {
  fc.assert(
    fc.property(run, (sent) => {
      const arrived = decodeEventBatch(encodeEventBatch(sent, ORIGIN))
      return (
        arrived !== undefined &&
        complaintAbout(arrived) === undefined &&
        arrived.lastSeq === sent.lastSeq &&
        arrived.membersVersion === sent.membersVersion &&
        arrived.committedAt === sent.committedAt &&
        arrived.ends.join() === sent.ends.join() &&
        arrived.bytes.equals(sent.bytes)
      )
    }),
    { seed: seedOf(t), numRuns: 500 }
  )
})

t.test('the bytes from a seq on are the frames from that seq on, in order', async (t) => {
  fc.assert(
    fc.property(
      content,
      fc.integer({ min: -2, max: 15 }),
      ({ frames, lastSeq, membersVersion, committedAt }, offset) => {
        const created = createEventBatch(frames, lastSeq, membersVersion, committedAt)
        const wanted = Buffer.concat(frames.slice(Math.max(0, offset)))
        return (
          firstSeqOf(created) === lastSeq - frames.length + 1 &&
          bytesFrom(created, firstSeqOf(created) + offset).equals(wanted)
        )
      }
    ),
    { seed: seedOf(t), numRuns: 500 }
  )
})

t.test(
  'a run of more frames than can be counted arrives without frames, so that the receiver reads them',
  async (t) => {
    const whole = createEventBatch(
      Array.from({ length: MAX_FRAMES }, () => Buffer.from('x')),
      70_000,
      2,
      3
    )
    t.equal(decodeEventBatch(encodeEventBatch(whole, ORIGIN))?.ends.length, MAX_FRAMES)
    const tooLong = createEventBatch(
      Array.from({ length: MAX_FRAMES + 1 }, () => Buffer.from('x')),
      70_000,
      2,
      3
    )
    t.strictSame(decodeEventBatch(encodeEventBatch(tooLong, ORIGIN)), {
      lastSeq: 70_000,
      membersVersion: 2,
      committedAt: 3,
      trace: undefined,
      ends: [],
      bytes: Buffer.alloc(0)
    })
  }
)

t.test('a run tells which replica published it, and the header of a later build may be longer', async (t) => {
  const payload = encodeEventBatch(createEventBatch([Buffer.from('one')], 7, 1, 5), ORIGIN)
  t.equal(originOf(payload), ORIGIN)
  t.equal(originOf(payload.subarray(0, HEADER_BYTES - 1)), undefined)
  const longer = Buffer.concat([payload.subarray(0, HEADER_BYTES), Buffer.from('more'), payload.subarray(HEADER_BYTES)])
  longer[1] = HEADER_BYTES + 4
  t.strictSame(decodeEventBatch(longer), decodeEventBatch(payload))
  longer[1] = HEADER_BYTES - 1
  t.equal(decodeEventBatch(longer), undefined)
})

const damage = fc.oneof(
  fc.record({ kind: fc.constant('change' as const), at: fc.nat(300), to: fc.nat(255) }),
  fc.record({ kind: fc.constant('change' as const), at: fc.nat(HEADER_BYTES + 8), to: fc.nat(255) }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(300), to: fc.constant(0) }),
  fc.record({ kind: fc.constant('insert' as const), at: fc.nat(300), to: fc.nat(255) }),
  fc.record({ kind: fc.constant('append' as const), at: fc.constant(0), to: fc.nat(255) })
)

function damaged (
  payload: Buffer,
  { kind, at, to }: { kind: 'change' | 'cut' | 'insert' | 'append', at: number, to: number }
): Buffer {
  const index = at % (payload.length + 1)
  if (kind === 'cut') return payload.subarray(0, index)
  if (kind === 'insert') return Buffer.concat([payload.subarray(0, index), Buffer.from([to]), payload.subarray(index)])
  if (kind === 'append') return Buffer.concat([payload, Buffer.from([to])])
  const changed = Buffer.from(payload)
  if (index < changed.length) changed[index] = to
  return changed
}

t.test('a damaged payload is no run, or one that holds together; it never throws', async (t) => {
  let [refused, accepted] = [0, 0]
  fc.assert(
    fc.property(run, fc.array(damage, { minLength: 1, maxLength: 4 }), (sent, damages) => {
      const arrived = decodeEventBatch(damages.reduce(damaged, encodeEventBatch(sent, ORIGIN)))
      if (arrived === undefined) refused++
      else accepted++
      return arrived === undefined || complaintAbout(arrived) === undefined
    }),
    { seed: seedOf(t), numRuns: 5_000 }
  )
  t.ok(refused > 100 && accepted > 100, 'both happen')
})

t.test('a payload whose first message would have a seq below 1 is no run', async (t) => {
  const frames = [Buffer.from('one'), Buffer.from('two')]
  t.equal(decodeEventBatch(encodeEventBatch(createEventBatch(frames, 1, 0, 0), ORIGIN)), undefined)
  t.equal(decodeEventBatch(encodeEventBatch(createEventBatch(frames, 2, 0, 0), ORIGIN))?.lastSeq, 2)
})

t.test('a payload cut short at any byte is no run', async (t) => {
  fc.assert(
    fc.property(run, (sent) => {
      const payload = encodeEventBatch(sent, ORIGIN)
      return Array.from({ length: payload.length }, (_, length) => decodeEventBatch(payload.subarray(0, length))).every(
        (arrived) => arrived === undefined
      )
    }),
    { seed: seedOf(t), numRuns: 200 }
  )
})

t.test('bytes that nobody meant as a run are no run, or one that holds together', async (t) => {
  const withVersion = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from([2, 26, ...bytes]))
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
        withVersion
      ),
      (payload) => {
        const arrived = decodeEventBatch(payload)
        return arrived === undefined || complaintAbout(arrived) === undefined
      }
    ),
    { seed: seedOf(t), numRuns: 2_000 }
  )
})
