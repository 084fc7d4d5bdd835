/**
 * A thread that is a bad neighbour: one account on many sockets, which does as much as the server lets it. It is
 * started by `scenarios/fairness.ts` and goes on until it is terminated.
 */
import { connect, type Socket } from 'node:net'
import { workerData } from 'node:worker_threads'
import Type, { type Static } from 'typebox'
import { Value } from 'typebox/value'
import { clientFrame, Opcode, readFrame, upgradeRequest, type FrameSpan } from './frames.ts'

const SOCKETS = 100
/** The defaults of the server for one socket. */
const [BURST, PER_SECOND] = [400, 100]
const TICK_MS = 20
/** A server that stops reading is not sent more than this. */
const MAX_UNSENT_BYTES = 262_144
const SHORT_TEXT = 'x'.repeat(64)
/** The longest text there may be, in characters of three bytes each. */
const LONG_TEXT = '–'.repeat(4_000)
const READ_BUFFER_BYTES = 262_144
const HISTORY_LIMIT = 200

/** What the account does all the time. */
export const AttackSchema = Type.Object({
  kind: Type.Union([
    Type.Literal('posts'), Type.Literal('long posts'), Type.Literal('replays'), Type.Literal('requests')
  ]),
  port: Type.Integer(),
  token: Type.String(),
  chatID: Type.Integer()
})

export type Attack = Static<typeof AttackSchema>

const given: unknown = workerData
if (!Value.Check(AttackSchema, given)) throw new Error('attacker.ts is started by scenarios/fairness.ts')
const { kind, port, token, chatID } = given
const buffer = Buffer.alloc(READ_BUFFER_BYTES)
const joinFrame = clientFrame(JSON.stringify({ type: 'join_chat', chatID, ref: 'j' }))
const replayFrame = clientFrame(JSON.stringify({ type: 'join_chat', chatID, after: 0, ref: 'j' }))
const post = clientFrame(
  JSON.stringify({ type: 'post_msg', chatID, text: kind === 'long posts' ? LONG_TEXT : SHORT_TEXT })
)

/** Opens a connection whose data all go to the same buffer. */
function open (receive: (socket: Socket, data: Buffer) => void): void {
  const socket: Socket = connect({
    host: '127.0.0.1',
    port,
    noDelay: true,
    onread: {
      buffer,
      callback: (length) => {
        receive(socket, buffer.subarray(0, length))
        return true
      }
    }
  })
  socket.on('error', () => undefined)
  // Whatever it is refused, it comes back.
  socket.on('close', () => setTimeout(() => open(receive), TICK_MS))
  socket.write(kind === 'requests' ? request : upgradeRequest('/ws', port))
}

const body = JSON.stringify({ session_token: token, chatID, limit: HISTORY_LIMIT })
const request = [
  'POST /chat/messages HTTP/1.1',
  `Host: 127.0.0.1:${String(port)}`,
  'Content-Type: application/json',
  `Content-Length: ${String(body.length)}`,
  '',
  body
].join('\r\n')

/** Answers the head of an upgrade, pings, and the acknowledgement of a join: with the next. */
function attackBySocket (): void {
  const span: FrameSpan = { opcode: 0, final: true, start: 0, end: 0 }
  const rests = new WeakMap<Socket, Buffer>()
  const upgraded = new WeakSet<Socket>()
  open((socket, fresh) => {
    let data = Buffer.concat([rests.get(socket) ?? Buffer.alloc(0), fresh])
    if (!upgraded.has(socket)) {
      const end = data.indexOf('\r\n\r\n')
      if (end < 0) return
      upgraded.add(socket)
      data = data.subarray(end + 4)
      socket.write(clientFrame(JSON.stringify({ type: 'auth', token })))
      socket.write(kind === 'replays' ? replayFrame : joinFrame)
      if (kind !== 'replays') postAlways(socket)
    }
    let at = 0
    while (readFrame(data, at, data.length, span)) {
      const { opcode, start, end } = span
      if (opcode === Opcode.ping) socket.write(clientFrame(data.subarray(start, end), Opcode.pong))
      if (kind === 'replays' && data.subarray(start, Math.min(end, start + 20)).includes('"type":"ack"'))
        socket.write(replayFrame)
      at = end
    }
    rests.set(socket, Buffer.from(data.subarray(at)))
  })
}

function postAlways (socket: Socket): void {
  const send = (count: number) => {
    for (let sent = 0; sent < count && socket.writableLength < MAX_UNSENT_BYTES; sent++) socket.write(post)
  }
  send(BURST - 2)
  const timer = setInterval(() => send(PER_SECOND * TICK_MS / 1_000), TICK_MS)
  socket.on('close', () => clearInterval(timer))
}

for (let count = 0; count < SOCKETS; count++) {
  if (kind !== 'requests') attackBySocket()
  // The end of an answer is not looked for: the next request goes out with the first bytes of it.
  else open((socket, data) => data.subarray(0, 9).includes('HTTP/1.1') && socket.write(request))
}
