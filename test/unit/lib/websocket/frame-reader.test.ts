import fc from 'fast-check'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import t, { type Test } from '../../../support/tap.ts'
import type { WebSocket } from 'ws'
import { readTextFrames } from '../../../../src/lib/websocket/frame-reader.ts'
import { eventually, within } from '../../../support/deadline.ts'
import { seedOf } from '../../../support/data/random.ts'
import { openWire } from '../../../support/clients/wire.ts'

const DEADLINE_MS = 20_000
const MAX_BYTES = 60_000
const [CONTINUATION, TEXT, BINARY, CLOSE, PING] = [0x0, 0x1, 0x2, 0x8, 0x9]
const FIN = 0x80
const MASKED = 0x80

/** A message as a client sends it: whole, or in fragments between which it may ping. */
type Sent = { readonly isBinary: boolean, readonly parts: readonly string[], readonly pings: number }

/** A client's frame (RFC 6455, section 5.2). */
function frame (opcode: number, payload: Buffer, mask: number, isFinal = true): Buffer {
  const { length } = payload
  const header = length < 126 ? Buffer.alloc(6) : length < 65_536 ? Buffer.alloc(8) : Buffer.alloc(14)
  header[0] = opcode | (isFinal ? FIN : 0)
  header[1] = MASKED | (length < 126 ? length : length < 65_536 ? 126 : 127)
  if (header.length === 8) header.writeUInt16BE(length, 2)
  if (header.length === 14) header.writeBigUInt64BE(BigInt(length), 2)
  header.writeUInt32BE(mask, header.length - 4)
  const key = header.subarray(header.length - 4)
  return Buffer.concat([header, payload.map((byte, index) => byte ^ (key[index % 4] ?? 0))])
}

function framesOf ({ isBinary, parts, pings }: Sent, mask: number): Buffer[] {
  return parts.flatMap((part, index) => {
    const opcode = index > 0 ? CONTINUATION : isBinary ? BINARY : TEXT
    const between = index === 0 ? pings : 0
    return [
      frame(opcode, Buffer.from(part), mask, index === parts.length - 1),
      ...Array.from({ length: between }, () => frame(PING, Buffer.from('p'), mask))
    ]
  })
}

/** A socket of `ws` whose texts are read by what is tested; chunks come in as they are given. */
async function openReader (
  t: Test
): Promise<{
  server: WebSocket
  taken: string[]
  stop: () => void
  chunk: (bytes: Buffer) => void
  pings: () => number
}> {
  const { server, socket } = await openWire(t)
  const taken: string[] = []
  let pings = 0
  server.on('message', (data, isBinary) =>
    taken.push(`${isBinary ? 'binary' : 'passed'} ${Buffer.isBuffer(data) ? data.toString() : ''}`)
  )
  server.on('ping', () => pings++)
  const stop = readTextFrames(socket, MAX_BYTES, { readText: (text) => taken.push(`read ${text}`) })
  return { server, taken, stop, chunk: (bytes) => pushBytes(socket, bytes), pings: () => pings }
}

/** As a socket does with what one read brought. It is copied, since it is unmasked where it lies. */
function pushBytes (socket: Socket, bytes: Buffer): void {
  socket.push(Buffer.from(bytes))
}

const character = fc.constantFrom('a', '"', 'é', '語', '🎉')
const text = fc
  .oneof(
    fc.array(character, { maxLength: 12 }),
    fc.array(character, { minLength: 40, maxLength: 80 }),
    fc
      .record({ one: character, times: fc.constantFrom(125, 126, 16_000, 65_535, 65_536) })
      .map(({ one, times }) => Array.from({ length: Math.floor(times / Buffer.byteLength(one)) }, () => one))
  )
  .map((characters) => characters.join(''))
const whole = text.map((part): Sent => ({ isBinary: false, parts: [part], pings: 0 }))
const any: fc.Arbitrary<Sent> = fc.record({
  isBinary: fc.boolean(),
  parts: fc.array(
    fc.array(character, { maxLength: 5 }).map((characters) => characters.join('')),
    { minLength: 1, maxLength: 4 }
  ),
  pings: fc.nat(2)
})
const sent = fc.array(fc.oneof({ weight: 3, arbitrary: whole }, { weight: 2, arbitrary: any }), {
  minLength: 1,
  maxLength: 8
})

t.test(
  'messages are taken in their order and unchanged, whatever kinds they are of and wherever the chunks are cut',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(
        sent,
        fc.array(fc.nat(), { maxLength: 12 }),
        fc.nat(2 ** 32 - 1),
        async (messages, cuts, mask) => {
          const { taken, chunk, pings } = await openReader(t)
          const bytes = Buffer.concat(messages.flatMap((message) => framesOf(message, mask)))
          const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
          for (const [index, start] of places.slice(0, -1).entries()) {
            const end = places[index + 1] ?? start
            if (end > start) chunk(bytes.subarray(start, end))
          }
          const wanted = messages.map(({ isBinary, parts }) => (isBinary ? 'binary ' : '') + parts.join(''))
          return (
            taken.map((entry) => entry.replace(/^(?:read|passed) /, '')).join('\n') === wanted.join('\n') &&
            pings() === messages.reduce((sum, message) => sum + message.pings, 0)
          )
        }
      ),
      { seed: seedOf(t), numRuns: 150 }
    )
  }
)

t.test('whole texts are read here, also behind what ws had to read', async (t) => {
  const { taken, chunk } = await openReader(t)
  const one = frame(TEXT, Buffer.from('one'), 7)
  chunk(Buffer.concat([one, frame(TEXT, Buffer.from('zwö'.repeat(100)), 9)]))
  chunk(frame(PING, Buffer.from('p'), 1))
  chunk(one)
  chunk(one.subarray(0, 4))
  chunk(one.subarray(4))
  chunk(one)
  chunk(Buffer.concat([frame(TEXT, Buffer.from('a'), 3, false), frame(PING, Buffer.alloc(0), 3)]))
  chunk(frame(CONTINUATION, Buffer.from('b'), 3))
  chunk(one)
  t.strictSame(taken, [
    'read one',
    `read ${'zwö'.repeat(100)}`,
    'read one',
    'passed one',
    'read one',
    'passed ab',
    'read one'
  ])
})

t.test('what breaks the rules is left to ws, and nothing behind it is read', async (t) => {
  const broken: [string, Buffer[]][] = [
    ['no UTF-8', [frame(TEXT, Buffer.from([0x61, 0xff]), 5)]],
    ['no mask', [Buffer.from([FIN | TEXT, 1, 0x61])]],
    ['a reserved bit', [frame(TEXT | 0x40, Buffer.from('a'), 0)]],
    [
      'a text among the fragments of another',
      [frame(TEXT, Buffer.from('a'), 6, false), frame(TEXT, Buffer.from('b'), 7)]
    ]
  ]
  for (const [title, chunks] of broken) {
    const { server, taken, stop, chunk } = await openReader(t)
    server.on('error', stop)
    const failed = once(server, 'error')
    for (const bytes of chunks) chunk(bytes)
    await within(failed, DEADLINE_MS, `an error for ${title}`)
    chunk(frame(TEXT, Buffer.from('behind'), 1))
    t.strictSame(taken, [], title)
  }
})

t.test('texts that are too long to be read here, or say their length at length, are left to ws', async (t) => {
  const { taken, chunk } = await openReader(t)
  const long = 'a'.repeat(MAX_BYTES + 1)
  chunk(frame(TEXT, Buffer.from(long), 0))
  chunk(Buffer.concat([Buffer.from([FIN | TEXT, MASKED | 127, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]), Buffer.from('b')]))
  chunk(Buffer.concat([Buffer.from([FIN | TEXT, MASKED | 126, 0, 1, 0, 0, 0, 0]), Buffer.from('c')]))
  t.strictSame(taken, [`passed ${long}`, 'passed b', 'passed c'])
})

t.test('behind a close nothing is read', async (t) => {
  const { server, taken, chunk } = await openReader(t)
  const closed = once(server, 'close')
  chunk(
    Buffer.concat([
      frame(TEXT, Buffer.from('before'), 1),
      frame(CLOSE, Buffer.from([0x03, 0xe8]), 2),
      frame(TEXT, Buffer.from('behind'), 3)
    ])
  )
  chunk(frame(TEXT, Buffer.from('far behind'), 4))
  t.match(await within(closed, DEADLINE_MS, 'the close'), [1000])
  t.strictSame(taken, ['read before'])
})

t.test('what comes while the socket is paused is read when it goes on, before what comes then', async (t) => {
  const { server, taken, chunk } = await openReader(t)
  const text = (name: string) => frame(TEXT, Buffer.from(name), 8)
  chunk(text('one'))
  server.pause()
  chunk(text('two'))
  chunk(text('three'))
  t.strictSame(taken, ['read one'])
  server.resume()
  chunk(text('four'))
  await eventually(async () => {
    await setImmediate()
    return taken.length >= 4
  })
  t.strictSame(taken, ['read one', 'read two', 'read three', 'read four'])
  chunk(text('five'))
  t.equal(taken.at(-1), 'read five')
})

t.test('a socket that somebody else reads is not taken over', async (t) => {
  const { socket } = await openWire(t)
  socket.on('data', () => undefined)
  t.throws(() => readTextFrames(socket, MAX_BYTES, { readText: () => undefined }), {
    message: 'There is not exactly one reader of the socket.'
  })
})
