import fc from 'fast-check'
import t from '../../../support/tap.ts'
import {
  isSampled,
  parseTraceparent,
  readTraceContext,
  TRACE_BYTES,
  writeTraceContext
} from '../../../../src/observability/tracing/trace-context.ts'
import { decodeEventBatch, encodeEventBatch, isOld, originOf } from '../../../../src/realtime/bus-payload.ts'
import { type Codec, joinFrames } from '../../../../src/realtime/codec.ts'
import { createEventBatch } from '../../../../src/realtime/event-batch.ts'
import { seedOf } from '../../../support/data/random.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'

t.test('a traceparent is read as the standard has it', async (t) => {
  t.strictSame(parseTraceparent(`00-${TRACE}-${SPAN}-01`), { traceId: TRACE, spanId: SPAN, traceFlags: 1 })
  t.strictSame(parseTraceparent(`00-${TRACE}-${SPAN}-00`), { traceId: TRACE, spanId: SPAN, traceFlags: 0 })
  t.strictSame(parseTraceparent(`cc-${TRACE}-${SPAN}-01-what-may-come`)?.traceId, TRACE, 'a later version')
  for (const wrong of [
    undefined,
    1,
    {},
    '',
    `00-${TRACE}-${SPAN}`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01x`,
    ` 00-${TRACE}-${SPAN}-01`
  ]) {
    t.equal(parseTraceparent(wrong), undefined, JSON.stringify(wrong))
  }
  t.strictSame(
    ['01', '00', 'ff', '02'].map((flags) =>
      isSampled(parseTraceparent(`00-${TRACE}-${SPAN}-${flags}`) ?? { traceId: '', spanId: '', traceFlags: 0 })
    ),
    [true, false, true, false]
  )
})

t.test('it is as bytes what it was, and bytes that are none are none', async (t) => {
  const context = { traceId: TRACE, spanId: SPAN, traceFlags: 1 }
  const bytes = Buffer.alloc(TRACE_BYTES + 2)
  writeTraceContext(context, bytes, 1)
  t.strictSame(readTraceContext(bytes, 1), context)
  t.equal(readTraceContext(Buffer.alloc(TRACE_BYTES), 0), undefined)
  t.equal(readTraceContext(bytes.subarray(0, TRACE_BYTES), 1), undefined, 'cut short')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 30 }), (any) => {
      const read = readTraceContext(Buffer.from(any), 0)
      return (
        read === undefined ||
        parseTraceparent(`00-${read.traceId}-${read.spanId}-0${String(read.traceFlags)}`) !== undefined
      )
    }),
    { seed: seedOf(t) }
  )
})

const CODEC: Codec = { name: 'any', eventFrameType: 'x', encodeEvent: () => undefined }

for (const isNamed of [false, true]) {
  t.test(`a batch carries it, ${isNamed ? 'with' : 'without'} the name of its codec`, async (t) => {
    const context = { traceId: TRACE, spanId: SPAN, traceFlags: 1 }
    const frames = joinFrames(CODEC.name, [Buffer.from('one'), Buffer.from('two')])
    const [plain, traced] = [undefined, context].map((trace) =>
      encodeEventBatch(createEventBatch(frames, { lastSeq: 9, membersVersion: 3, committedAt: 5, trace }), 1, {
        origin: 7,
        isNamed
      })
    )
    if (plain === undefined || traced === undefined) throw new Error('There are two.')
    t.equal(traced.length - plain.length, TRACE_BYTES)
    const arrived = decodeEventBatch(traced, CODEC)
    t.strictSame(arrived?.trace?.context, context)
    t.strictSame({ ...arrived, trace: undefined }, decodeEventBatch(plain, CODEC))
    t.strictSame([originOf(traced), isOld(traced, 10, 3), isOld(traced, 9, 3)], [7, true, false])
  })
}
