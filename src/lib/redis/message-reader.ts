/**
 * The fast path for most of what a subscriber receives from Redis: messages of its channels are parsed in place. Every
 * other reply is passed to the client that made the connection, in its position between the messages (RESP2,
 * https://redis.io/docs/latest/develop/reference/protocol-spec/).
 */
import type { Duplex } from 'node:stream'

const [CARRIAGE_RETURN, DOLLAR, ASTERISK, ZERO] = [0x0d, 0x24, 0x2a, 0x30]
const END_OF_LINE_BYTES = 2

/**
 * Replaces a client as the reader of its connection, which must not have received anything yet.
 * @param kind name of a message in the protocol: those of sharded channels have a name of their own
 * @param take called with the name of the channel and the payload of each message, in order among the other replies
 */
export function readMessages (
  stream: Duplex,
  kind: 'message' | 'smessage',
  take: (channel: Buffer, payload: Buffer) => void
): void {
  const passOn = stream.listeners('data')
  const head = Buffer.from(`*3\r\n$${String(kind.length)}\r\n${kind}\r\n$`)
  /** The beginning of an incomplete reply, and its minimum length. */
  let [kept, keptBytes, neededBytes]: [Buffer[], number, number] = [[], 0, 0]
  const pass = (replies: Buffer) => {
    if (replies.length > 0) for (const listener of passOn) Reflect.apply(listener, stream, [replies])
  }
  const read = (bytes: Buffer) => {
    let at = 0
    let passedUpTo = 0
    while (at < bytes.length) {
      const end = endOfReply(bytes, at)
      if (end > bytes.length) {
        neededBytes = end - at
        break
      }
      if (startsWith(bytes, at, head)) {
        pass(bytes.subarray(passedUpTo, at))
        passedUpTo = end
        takeMessage(bytes, at + head.length, take)
      }
      at = end
    }
    pass(bytes.subarray(passedUpTo, at))
    if (at === bytes.length) return
    kept = [bytes.subarray(at)]
    keptBytes = bytes.length - at
  }
  stream.removeAllListeners('data')
  stream.on('data', (chunk: Buffer) => {
    if (kept.length === 0) {
      read(chunk)
      return
    }
    kept.push(chunk)
    keptBytes += chunk.length
    if (keptBytes < neededBytes) return
    const bytes = Buffer.concat(kept, keptBytes)
    kept = []
    read(bytes)
  })
}

/** @param at position of the length of the channel's name, in a complete message */
function takeMessage (bytes: Buffer, at: number, take: (channel: Buffer, payload: Buffer) => void): void {
  const channelAt = endOfLine(bytes, at)
  const channelEnd = channelAt + numberAt(bytes, at)
  const lengthAt = channelEnd + END_OF_LINE_BYTES + 1
  const payloadAt = endOfLine(bytes, lengthAt)
  take(bytes.subarray(channelAt, channelEnd), bytes.subarray(payloadAt, payloadAt + numberAt(bytes, lengthAt)))
}

/** Position of the end of a reply. A position beyond the bytes means that it is incomplete and ends there or later. */
function endOfReply (bytes: Buffer, at: number): number {
  const type = bytes[at]
  const lineEnd = endOfLine(bytes, at + 1)
  if ((type !== DOLLAR && type !== ASTERISK) || lineEnd > bytes.length) return lineEnd
  const size = numberAt(bytes, at + 1)
  if (type === DOLLAR) return size < 0 ? lineEnd : lineEnd + size + END_OF_LINE_BYTES
  let end = lineEnd
  for (let item = 0; item < size && end <= bytes.length; item++) end = endOfReply(bytes, end)
  return end
}

/**
 * Position behind the end-of-line of the line that contains `at`. A position beyond the bytes means that it is
 * incomplete.
 */
function endOfLine (bytes: Buffer, at: number): number {
  let end = at
  while (end < bytes.length && bytes[end] !== CARRIAGE_RETURN) end++
  return end + END_OF_LINE_BYTES
}

/** Parses the number at a position of a complete line; a negative one is no length and is returned as -1. */
function numberAt (bytes: Buffer, at: number): number {
  let value = 0
  for (let place = at; ; place++) {
    const byte = bytes[place] ?? CARRIAGE_RETURN
    if (byte === CARRIAGE_RETURN) return value
    if (byte < ZERO) return -1
    value = value * 10 + byte - ZERO
  }
}

function startsWith (bytes: Buffer, at: number, head: Buffer): boolean {
  for (let index = 0; index < head.length; index++) if (bytes[at + index] !== head[index]) return false
  return true
}
