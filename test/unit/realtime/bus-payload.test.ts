import fc from 'fast-check'
import t from '../../support/tap.ts'
import type { ChatEvent } from '../../../src/domain/events/event.ts'
import {
  decodeEventBatch, encodeEventBatch, isSealed, originOf, unsealed
} from '../../../src/realtime/bus-payload.ts'
import { joinFrames, type Codec } from '../../../src/realtime/codec.ts'
import { BatchEvents, createEventBatch, framesIn, type EventBatch } from '../../../src/realtime/event-batch.ts'
import { PayloadSeal } from '../../../src/realtime/payload-seal.ts'
import { seedOf } from '../../support/data/random.ts'

const MAX_U48 = 2 ** 48 - 1
const MAX_FRAMES = 65_535
const HEADER_BYTES = 26
/** A replica's number. */
const ORIGIN = 2 ** 32 - 1

/** The chat of all payloads. */
const CHAT = 8

const COMMON: Codec = { name: 'common', eventFrameType: 'x', encodeEvent: () => undefined }

const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }))
const frame = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes))
const events = fc.array(
  fc.record({
    username: text,
    text,
    at: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') }),
    clientMessageId: fc.option(text, { nil: undefined })
  }),
  { maxLength: 12 }
)

type Sent = { batch: EventBatch, isNamed: boolean, events: readonly ChatEvent[] }

/** A batch whose events are in a codec of that name, which shows not all of them. */
const sent: fc.Arbitrary<Sent> = events.chain((list) =>
  fc
    .record({
      frames: fc.array(frame, { minLength: list.length, maxLength: list.length }),
      lastSeq: fc.oneof(
        fc.integer({ min: list.length, max: list.length + 5 }),
        fc.integer({ min: list.length, max: MAX_U48 })
      ),
      membersVersion: fc.oneof(fc.nat(5), fc.integer({ min: 0, max: MAX_U48 })),
      committedAt: fc.integer({ min: 0, max: MAX_U48 }),
      isNamed: fc.boolean()
    })
    .map(({ frames, isNamed, lastSeq, ...parts }) => {
      const events: ChatEvent[] = list.map((event, index) => ({
        kind: 'message.created',
        chatId: 1,
        seq: lastSeq - list.length + 1 + index,
        id: index,
        authorId: 1,
        editedAt: null,
        deletedAt: null,
        version: 1,
        ...event
      }))
      const codec = isNamed ? 'a-codec-of-16-by' : COMMON.name
      const batch = createEventBatch(joinFrames(codec, frames), {
        ...parts,
        lastSeq,
        events: isNamed ? new BatchEvents(() => events) : undefined
      })
      return { batch, isNamed, events }
    })
)
const payloadOf = ({ batch, isNamed }: Sent) => encodeEventBatch(batch, CHAT, { origin: ORIGIN, isNamed })
const batchOf = (frames: (Buffer | undefined)[], lastSeq: number) =>
  createEventBatch(joinFrames(COMMON.name, frames), { lastSeq, membersVersion: 2, committedAt: 3 })
const common = (batch: EventBatch) => encodeEventBatch(batch, CHAT, { origin: ORIGIN, isNamed: false })

/** What is wrong with a batch; undefined if nothing. */
function complaintAbout ({ firstSeq, lastSeq, membersVersion, committedAt, frames }: EventBatch): string | undefined {
  const { ends, bytes, shown, codec } = frames
  if (![lastSeq, membersVersion, committedAt, ...ends].every((value) => Number.isSafeInteger(value) && value >= 0))
    return 'there is something else than a natural number'
  if (firstSeq < 1 || firstSeq !== lastSeq - ends.length + 1) return 'the first seq is none'
  if (ends.some((end, index) => end < (ends[index - 1] ?? 0))) return 'a frame ends before it begins'
  if (shown !== ends.filter((end, index) => end > (ends[index - 1] ?? 0)).length) return 'the frames are miscounted'
  if (codec === '') return 'the codec has no name'
  return (ends.at(-1) ?? 0) === bytes.length ? undefined : 'the frames are not all of the bytes'
}

t.test('a batch is on the other side of the bus what it was on this', async (t) => {
  fc.assert(
    fc.property(sent, (one) => {
      const arrived = decodeEventBatch(payloadOf(one), COMMON)
      const { batch } = one
      return (
        arrived !== undefined &&
        complaintAbout(arrived) === undefined &&
        arrived.firstSeq === batch.firstSeq &&
        arrived.lastSeq === batch.lastSeq &&
        arrived.membersVersion === batch.membersVersion &&
        arrived.committedAt === batch.committedAt &&
        arrived.frames.codec === batch.frames.codec &&
        arrived.frames.ends.join() === batch.frames.ends.join() &&
        arrived.frames.shown === batch.frames.shown &&
        arrived.frames.bytes.equals(batch.frames.bytes)
      )
    }),
    { seed: seedOf(t), numRuns: 500 }
  )
})

t.test('a batch that names its codec has the events for every other one', async (t) => {
  const codec: Codec = { name: 'json', eventFrameType: 'x', encodeEvent: (event) => Buffer.from(JSON.stringify(event)) }
  fc.assert(
    fc.property(sent, (one) => {
      const arrived = decodeEventBatch(payloadOf(one), COMMON)
      const frames = arrived && framesIn(arrived, codec)
      if (!one.isNamed || one.events.length === 0) return frames === undefined
      return frames?.bytes.toString() === one.events.map((event) => JSON.stringify(event)).join('')
    }),
    { seed: seedOf(t), numRuns: 500 }
  )
})

t.test('events that do not fit their seqs, or of an unknown kind, are left to be read from the store', async (t) => {
  const event: ChatEvent = {
    kind: 'message.created',
    chatId: 1,
    seq: 7,
    id: 1,
    authorId: 1,
    username: 'ann',
    text: 'x',
    at: new Date(0),
    editedAt: null,
    deletedAt: null,
    version: 1,
    clientMessageId: undefined
  }
  const arrivedWith = (list: readonly object[]) => {
    const batch = createEventBatch(joinFrames('theirs', [Buffer.from('frame')]), {
      lastSeq: 7,
      membersVersion: 1,
      committedAt: 1,
      events: new BatchEvents(() => [event])
    })
    const payload = encodeEventBatch(batch, CHAT, { origin: ORIGIN, isNamed: true })
    const json = JSON.stringify([{ ...event, at: 0 }])
    const at = payload.indexOf(json)
    t.ok(at > 0)
    const changed = Buffer.concat([payload.subarray(0, at), Buffer.from(JSON.stringify(list))])
    return decodeEventBatch(changed, COMMON)?.events?.list()
  }
  const json = { ...event, at: 0 }
  t.strictSame(arrivedWith([json]), [event])
  for (const wrong of [
    [],
    [json, { ...json, seq: 8 }],
    [{ ...json, seq: 8 }],
    [{ ...json, kind: 'reaction.added' }],
    [{ ...json, at: 'now' }],
    [null]
  ] as object[][])
    t.equal(arrivedWith(wrong), undefined, JSON.stringify(wrong))
})

t.test('with the common codec alone a payload is what builds up to 0.1 publish and read', async (t) => {
  t.equal(
    common(batchOf([Buffer.from('one'), Buffer.from('two')], 9)).toString('hex'),
    ['021a', '000000000002', '000000000009', '0002', '000000000003', 'ffffffff', '00000003', '00000006', '6f6e6574776f']
      .join('')
  )
})

t.test(
  'a batch of more frames than can be counted arrives without frames, so that the receiver reads them',
  async (t) => {
    const whole = batchOf(Array.from({ length: MAX_FRAMES }, () => Buffer.from('x')), 70_000)
    t.equal(decodeEventBatch(common(whole), COMMON)?.frames.ends.length, MAX_FRAMES)
    const tooLong = batchOf(Array.from({ length: MAX_FRAMES + 1 }, () => Buffer.from('x')), 70_000)
    t.strictSame(decodeEventBatch(common(tooLong), COMMON), {
      firstSeq: 70_001,
      lastSeq: 70_000,
      seqs: undefined,
      isMixed: false,
      membersVersion: 2,
      membership: undefined,
      frames: { codec: COMMON.name, ends: [], bytes: Buffer.alloc(0), shown: 0 },
      events: undefined,
      committedAt: 3,
      trace: undefined
    })
  }
)

t.test('a batch tells which replica published it, and the header of a later build may be longer', async (t) => {
  const payload = common(batchOf([Buffer.from('one')], 7))
  t.equal(originOf(payload), ORIGIN)
  t.equal(originOf(payload.subarray(0, HEADER_BYTES - 1)), undefined)
  const longer = Buffer.concat([payload.subarray(0, HEADER_BYTES), Buffer.from('more'), payload.subarray(HEADER_BYTES)])
  longer[1] = HEADER_BYTES + 4
  t.strictSame(decodeEventBatch(longer, COMMON), decodeEventBatch(payload, COMMON))
  longer[1] = HEADER_BYTES - 1
  t.equal(decodeEventBatch(longer, COMMON), undefined)
  const unknown = Buffer.from(payload)
  unknown[0] = 4
  t.strictSame([decodeEventBatch(unknown, COMMON), originOf(unknown)], [undefined, undefined], 'of a later version')
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

t.test('a seal holds for its bytes, its chat and its secret alone, and builds up to 0.1 skip it', async (t) => {
  const [seal, other] = [new PayloadSeal(['a secret']), new PayloadSeal(['another'])]
  const changes = fc.array(damage, { minLength: 1, maxLength: 3 })
  fc.assert(
    fc.property(sent, changes, ({ batch, isNamed }, damages) => {
      const payload = encodeEventBatch(batch, CHAT, { origin: ORIGIN, isNamed, seal })
      const plain = encodeEventBatch(batch, CHAT, { origin: ORIGIN, isNamed })
      const changed = damages.reduce(damaged, payload)
      const arrived = decodeEventBatch(payload, COMMON)
      return (
        isSealed(payload, CHAT, seal) &&
        !isSealed(payload, CHAT + 1, seal) &&
        !isSealed(payload, CHAT, other) &&
        (decodeEventBatch(plain, COMMON) === undefined || !isSealed(plain, CHAT, seal)) &&
        (changed.equals(payload) || decodeEventBatch(changed, COMMON) === undefined ||
          !isSealed(changed, CHAT, seal)) &&
          arrived?.frames.bytes.equals(batch.frames.bytes) === true
      )
    }),
    { seed: seedOf(t), numRuns: 2_000 }
  )
  const batch = batchOf([Buffer.alloc(200_000, 'x')], 7)
  const long = encodeEventBatch(batch, CHAT, { origin: ORIGIN, isNamed: false, seal })
  t.ok(isSealed(long, CHAT, seal))
})

t.test('without a valid seal a batch says no more than that there may be events', async (t) => {
  t.match(unsealed(batchOf([Buffer.from('one'), Buffer.from('two')], 9)), {
    firstSeq: 10,
    lastSeq: 9,
    membersVersion: 0,
    frames: { ends: [] },
    events: undefined
  })
})

t.test('a damaged payload is no batch, or one that holds together; it never throws', async (t) => {
  let [refused, accepted] = [0, 0]
  fc.assert(
    fc.property(sent, fc.array(damage, { minLength: 1, maxLength: 4 }), (one, damages) => {
      const arrived = decodeEventBatch(damages.reduce(damaged, payloadOf(one)), COMMON)
      if (arrived === undefined) refused++
      else accepted++
      arrived?.events?.list()
      return arrived === undefined || complaintAbout(arrived) === undefined
    }),
    { seed: seedOf(t), numRuns: 5_000 }
  )
  t.ok(refused > 100 && accepted > 100, 'both happen')
})

t.test('a payload whose first message would have a seq below 1 is no batch', async (t) => {
  const frames = [Buffer.from('one'), Buffer.from('two')]
  t.equal(decodeEventBatch(common(batchOf(frames, 1)), COMMON), undefined)
  t.equal(decodeEventBatch(common(batchOf(frames, 2)), COMMON)?.lastSeq, 2)
})

t.test('a payload cut short at any byte is no batch, or has no events', async (t) => {
  fc.assert(
    fc.property(sent, (one) => {
      const payload = payloadOf(one)
      return Array.from({ length: payload.length }, (_, length) =>
        decodeEventBatch(payload.subarray(0, length), COMMON)
      ).every((arrived) => arrived === undefined || (one.isNamed && arrived.events?.list() === undefined))
    }),
    { seed: seedOf(t), numRuns: 200 }
  )
})

t.test('bytes that nobody meant as a batch are none, or one that holds together', async (t) => {
  const withVersion = fc
    .tuple(fc.constantFrom(2, 3), fc.constantFrom(26, 29), fc.uint8Array({ maxLength: 60 }))
    .map(([version, headerBytes, bytes]) => Buffer.from([version, headerBytes, ...bytes]))
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
        withVersion
      ),
      (payload) => {
        const arrived = decodeEventBatch(payload, COMMON)
        arrived?.events?.list()
        return arrived === undefined || complaintAbout(arrived) === undefined
      }
    ),
    { seed: seedOf(t), numRuns: 2_000 }
  )
})
