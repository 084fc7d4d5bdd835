import fc from 'fast-check'
import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import t from '../../../support/tap.ts'
import { encodeTextFrame, PING_FRAME } from '../../../../src/lib/websocket/frame.ts'
import { within } from '../../../support/deadline.ts'
import { seedOf } from '../../../support/data/random.ts'
import { openWire } from '../../../support/clients/wire.ts'

const DEADLINE_MS = 20_000
const LENGTHS = [0, 1, 124, 125, 126, 127, 128, 65_534, 65_535, 65_536, 65_537, 1_000_000]
/** Characters of one, two, three and four bytes. */
const CHARACTERS = ['x', 'é', '語', '🎉']

t.test('ws reads a text of any length as it was written', async (t) => {
  const wire = await openWire(t)
  for (const length of LENGTHS) {
    const text = 'x'.repeat(length)
    wire.write(encodeTextFrame(text))
    t.ok(await wire.next() === text, `${String(length)} bytes`)
  }
})

t.test('the header is the shortest that can say the length', async (t) => {
  for (const [length, header] of [[0, 2], [125, 2], [126, 4], [65_535, 4], [65_536, 10]] as const) {
    t.equal(encodeTextFrame('x'.repeat(length)).length, header + length, `${String(length)} bytes`)
  }
})

t.test('ws reads characters of several bytes as they were written, on both sides of every limit', async (t) => {
  const wire = await openWire(t)
  for (const character of CHARACTERS) {
    const width = Buffer.byteLength(character)
    const lengths = LENGTHS.slice(0, -1).flatMap((bytes) => [Math.floor(bytes / width), Math.floor(bytes / width) + 1])
    for (const length of new Set(lengths)) {
      const text = character.repeat(length)
      wire.write(encodeTextFrame(text))
      t.ok(await wire.next() === text, `${String(length)} times ${character}`)
    }
  }
})

t.test('ws reads any frames that leave in one buffer, one by one', async (t) => {
  const wire = await openWire(t)
  const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.string({ unit: 'binary', maxLength: 200 }))
  await fc.assert(fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 8 }), async (texts) => {
    wire.write(Buffer.concat(texts.map(encodeTextFrame)))
    for (const text of texts) {
      if (await wire.next() !== text) return false
    }
    return true
  }), { seed: seedOf(t), numRuns: 300 })
})

t.test('ws reads frames that arrive in pieces', async (t) => {
  const wire = await openWire(t)
  const texts = ['é'.repeat(70), 'short', '語'.repeat(30_000)]
  const bytes = Buffer.concat(texts.map(encodeTextFrame))
  for (let start = 0; start < bytes.length;) {
    const length = start < 200 ? 1 : 20_011
    wire.write(bytes.subarray(start, start + length))
    start += length
    await nextTurn()
  }
  for (const text of texts) t.ok(await wire.next() === text)
})

t.test('half a character is replaced, and the length is still right', async (t) => {
  const wire = await openWire(t)
  wire.write(Buffer.concat([encodeTextFrame('a\ud83d'), encodeTextFrame('\udf89b'), encodeTextFrame('after')]))
  t.equal(await wire.next(), 'a\ufffd')
  t.equal(await wire.next(), '\ufffdb')
  t.equal(await wire.next(), 'after')
})

t.test('the ping is a ping to ws, which answers it', async (t) => {
  const wire = await openWire(t)
  const pinged = once(wire.client, 'ping')
  const answered = once(wire.server, 'pong')
  wire.write(PING_FRAME)
  t.strictSame(await within(pinged, DEADLINE_MS, 'the ping'), [Buffer.alloc(0)])
  t.strictSame(await within(answered, DEADLINE_MS, 'the pong'), [Buffer.alloc(0)])
})
