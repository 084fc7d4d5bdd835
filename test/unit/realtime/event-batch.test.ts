import fc from 'fast-check'
import t from '../../support/tap.ts'
import type { ChatEvent } from '../../../src/domain/events/event.ts'
import { bytesBehind, encodeFrames, joinFrames, shownBehind, type Codec } from '../../../src/realtime/codec.ts'
import { BatchEvents, countBefore, createEventBatch, framesIn } from '../../../src/realtime/event-batch.ts'
import { seedOf } from '../../support/data/random.ts'

const eventOf = (seq: number): ChatEvent => ({
  kind: 'message.created',
  chatId: 1,
  seq,
  id: seq,
  authorId: 1,
  username: 'ann',
  text: 'x',
  at: new Date(0),
  editedAt: null,
  deletedAt: null,
  version: 1,
  clientMessageId: undefined
})

function countingCodec (name: string): Codec & { calls: number } {
  return {
    name,
    eventFrameType: name,
    calls: 0,
    encodeEvent ({ seq }) {
      this.calls++
      return Buffer.from(`${name}${String(seq)}`)
    }
  }
}

/** Frames of some events, not all of which are shown. */
const frames = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
    fc.constant(undefined)
  ),
  { maxLength: 12 }
)

t.test('the bytes from a seq on are the frames from that seq on, in order', async (t) => {
  fc.assert(
    fc.property(
      frames,
      fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 12, maxLength: 12 }),
      fc.integer({ min: -2, max: 60 }),
      (list, steps, from) => {
        let seq = 0
        const seqs = list.map((_, index) => (seq += steps[index] ?? 1))
        const joined = joinFrames('any', list)
        const batch = {
          ...createEventBatch(joined, { lastSeq: seq, membersVersion: 1, committedAt: 1 }),
          firstSeq: 1,
          seqs
        }
        const wanted = list.filter((_, index) => (seqs[index] ?? 0) >= from).map((bytes) => bytes ?? Buffer.alloc(0))
        const skipped = countBefore(batch, from)
        return (
          bytesBehind(joined, skipped).equals(Buffer.concat(wanted)) &&
          shownBehind(joined, skipped) === wanted.filter(({ length }) => length > 0).length
        )
      }
    ),
    { seed: seedOf(t), numRuns: 1_000 }
  )
})

t.test('where no seq is missing, the first one follows from the last', async (t) => {
  fc.assert(
    fc.property(frames, fc.nat(100), fc.integer({ min: 0, max: 12 }), (list, before, offset) => {
      const batch = createEventBatch(joinFrames('any', list), {
        lastSeq: before + list.length,
        membersVersion: 1,
        committedAt: 1
      })
      return batch.firstSeq === before + 1 && countBefore(batch, batch.firstSeq + offset) === offset
    }),
    { seed: seedOf(t), numRuns: 200 }
  )
})

t.test('events are encoded once for each codec that asks, and never for the one that is there already', async (t) => {
  const [own, other, third] = [countingCodec('own'), countingCodec('other'), countingCodec('third')]
  const list = [eventOf(4), eventOf(5)]
  let reads = 0
  const batch = createEventBatch(encodeFrames(own, list), {
    lastSeq: 5,
    membersVersion: 1,
    committedAt: 1,
    events: new BatchEvents(() => {
      reads++
      return list
    })
  })
  t.equal(reads, 0, 'nor are they read before')
  for (let time = 0; time < 3; time++) {
    t.equal(framesIn(batch, own)?.bytes.toString(), 'own4own5')
    t.equal(framesIn(batch, other)?.bytes.toString(), 'other4other5')
    t.equal(framesIn(batch, third)?.bytes.toString(), 'third4third5')
  }
  t.strictSame([own.calls, other.calls, third.calls, reads], [2, 2, 2, 1])
})

t.test('without its events a batch is of use to one codec only', async (t) => {
  const parts = { lastSeq: 4, membersVersion: 1, committedAt: 1 }
  const frames = encodeFrames(countingCodec('own'), [eventOf(4)])
  t.equal(framesIn(createEventBatch(frames, parts), countingCodec('other')), undefined)
  let reads = 0
  const unreadable = createEventBatch(frames, {
    ...parts,
    events: new BatchEvents(() => {
      reads++
      return undefined
    })
  })
  t.equal(framesIn(unreadable, countingCodec('other')), undefined)
  t.equal(framesIn(unreadable, countingCodec('other')), undefined)
  t.equal(reads, 1, 'what cannot be read is not tried again')
})
