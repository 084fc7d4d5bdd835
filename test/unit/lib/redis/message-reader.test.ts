import fc from 'fast-check'
import { PassThrough } from 'node:stream'
import t from '../../../support/tap.ts'
import { readMessages } from '../../../../src/lib/redis/message-reader.ts'
import { seedOf } from '../../../support/data/random.ts'

/** A reply as a server sends it (RESP2). */
type Reply = { readonly bytes: Buffer, readonly isMessage: boolean, readonly told: string }

const line = (text: string) => Buffer.from(`${text}\r\n`)
const bulk = (value: Buffer) => Buffer.concat([line(`$${String(value.length)}`), value, line('')])
const array = (...items: Buffer[]) => Buffer.concat([line(`*${String(items.length)}`), ...items])

function message (channel: string, payload: Buffer, kind = 'message'): Reply {
  return {
    bytes: array(bulk(Buffer.from(kind)), bulk(Buffer.from(channel)), bulk(payload)),
    isMessage: kind === 'message',
    told: `${channel}: ${payload.toString('hex')}`
  }
}

function other (bytes: Buffer): Reply {
  return { bytes, isMessage: false, told: '' }
}

const bytes = fc.uint8Array({ maxLength: 40 }).map((values) => Buffer.from(values))
const messages = fc
  .tuple(fc.constantFrom('chat:1', 'chat:é', ''), fc.oneof(bytes, fc.constant(line('*3\r\n$7\r\nmessage'))))
  .map(([channel, payload]) => message(channel, payload))
const others = fc
  .oneof(
    fc.constantFrom('+OK', '-ERR no', ':12', ':-1', '$-1', '*-1', '*0', '$0\r\n').map(line),
    bytes.map(bulk),
    fc
      .constantFrom('subscribe', 'unsubscribe')
      .map((kind) => array(bulk(Buffer.from(kind)), bulk(Buffer.from('chat:1')), line(':1'))),
    bytes.map((payload) => message('chat:1', payload, 'smessage').bytes),
    fc.tuple(bytes, bytes).map(([one, two]) => array(array(bulk(one)), array(), bulk(two), line('$-1')))
  )
  .map(other)
const replies = fc.array(fc.oneof({ weight: 3, arbitrary: messages }, { weight: 2, arbitrary: others }), {
  minLength: 1,
  maxLength: 10
})

/**
 * What is read of bytes that come in these chunks: the messages told, and between them the other replies as they came.
 */
function read (chunks: readonly Buffer[]): string[] {
  const stream = new PassThrough()
  const told: string[] = []
  let passed = Buffer.alloc(0)
  const endOthers = () => {
    if (passed.length > 0) told.push(passed.toString('latin1'))
    passed = Buffer.alloc(0)
  }
  stream.on('data', (chunk: Buffer) => {
    passed = Buffer.concat([passed, chunk])
  })
  readMessages(stream, 'message', (channel, payload) => {
    endOthers()
    told.push(`${channel.toString()}: ${payload.toString('hex')}`)
  })
  for (const chunk of chunks) stream.emit('data', chunk)
  endOthers()
  return told
}

/** The same, as it must be. */
function wantedOf (all: readonly Reply[]): string[] {
  const wanted: string[] = []
  let passed = ''
  for (const { bytes, isMessage, told } of all) {
    if (!isMessage) {
      passed += bytes.toString('latin1')
      continue
    }
    if (passed !== '') wanted.push(passed)
    passed = ''
    wanted.push(told)
  }
  return passed === '' ? wanted : [...wanted, passed]
}

function cutAt (whole: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (whole.length + 1)).sort((a, b) => a - b), whole.length]
  return places
    .slice(0, -1)
    .map((start, index) => whole.subarray(start, places[index + 1]))
    .filter((chunk) => chunk.length > 0)
}

t.test('messages are taken and other replies passed on, in their order, wherever the chunks are cut', (t) => {
  fc.assert(
    fc.property(replies, fc.array(fc.nat(), { maxLength: 20 }), (all, cuts) => {
      t.strictSame(read(cutAt(Buffer.concat(all.map((reply) => reply.bytes)), cuts)), wantedOf(all))
    }),
    { seed: seedOf(t), numRuns: 1_000 }
  )
  t.end()
})

t.test('byte by byte', (t) => {
  const all = [
    other(line('+OK')),
    message('chat:1', Buffer.from('one')),
    other(array(bulk(Buffer.from('subscribe')), bulk(Buffer.from('chat:2')), line(':2'))),
    message('chat:2', Buffer.alloc(0))
  ]
  const whole = Buffer.concat(all.map((reply) => reply.bytes))
  t.strictSame(read(Array.from(whole, (byte) => Buffer.from([byte]))), wantedOf(all))
  t.end()
})

t.test('a message that comes in very many chunks', (t) => {
  const all = [message('chat:1', Buffer.alloc(4_000_000, 'a')), message('chat:1', Buffer.from('behind'))]
  const whole = Buffer.concat(all.map((reply) => reply.bytes))
  const chunks = Array.from({ length: Math.ceil(whole.length / 1_000) }, (_, index) =>
    whole.subarray(index * 1_000, (index + 1) * 1_000)
  )
  t.ok(read(chunks).join() === wantedOf(all).join())
  t.end()
})

t.test('what is no reply is left to whoever knows what to do about it', (t) => {
  t.strictSame(read([Buffer.from('nonsense\r\n')]), ['nonsense\r\n'])
  t.end()
})
