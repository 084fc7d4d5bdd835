/**
 * WebSocket bytes, written by hand: the client frames that the load generator sends, and the server frames that the
 * floor sends.
 */
import { createHash } from 'node:crypto'

/** Opcodes of RFC 6455 that the bench meets. */
export const Opcode = { text: 1, close: 8, ping: 9, pong: 10 } as const

const FIN = 0x80
const MASKED = 0x80
const SHORT_LIMIT = 126
const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** One unmasked text frame, as a server sends it. */
export function serverFrame (text: string): Buffer {
  const payload = Buffer.from(text)
  return Buffer.concat([header(Opcode.text, payload.length, 0), payload])
}

/**
 * One MASKED frame, as a client sends it. The mask is zero: legal, the server unmasks all the same, and the generator
 * saves the exclusive-or.
 */
export function clientFrame (payload: string | Buffer, opcode: number = Opcode.text): Buffer {
  const body = Buffer.from(payload)
  return Buffer.concat([header(opcode, body.length, MASKED), Buffer.alloc(4), body])
}

/** The request that turns a TCP connection into a WebSocket. */
export function upgradeRequest (path: string, port: number): string {
  return [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${String(port)}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
    '',
    ''
  ].join('\r\n')
}

/** The answer to that request. */
export function upgradeAnswer (key: string): string {
  return [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${createHash('sha1').update(key + ACCEPT_SUFFIX).digest('base64')}`,
    '',
    ''
  ].join('\r\n')
}

function header (opcode: number, length: number, mask: number): Buffer {
  if (length < SHORT_LIMIT) return Buffer.from([FIN | opcode, mask | length])
  if (length > 0xffff) throw new Error('the bench sends no frame of more than 64 KiB')
  return Buffer.from([FIN | opcode, mask | SHORT_LIMIT, length >> 8, length & 0xff])
}

/** Where a frame's payload starts and ends, and what it is. One object is reused, since this runs for each delivery. */
export interface FrameSpan { opcode: number, final: boolean, start: number, end: number }

/** Reads the header of an unmasked frame at `at` into `span`. False: the frame is not complete before `limit`. */
export function readFrame (data: Buffer, at: number, limit: number, span: FrameSpan): boolean {
  const available = limit - at
  if (available < 2) return false
  const first = data.readUInt8(at)
  const length = data.readUInt8(at + 1) & 0x7f
  span.opcode = first & 0x0f
  span.final = (first & FIN) !== 0
  if (length < SHORT_LIMIT) {
    span.start = at + 2
    span.end = span.start + length
  } else if (length === SHORT_LIMIT) {
    if (available < 4) return false
    span.start = at + 4
    span.end = span.start + data.readUInt16BE(at + 2)
  } else {
    if (available < 10) return false
    span.start = at + 10
    span.end = span.start + Number(data.readBigUInt64BE(at + 2))
  }
  return span.end <= limit
}
