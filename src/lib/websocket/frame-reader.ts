/**
 * The fast path for most of what clients send: a chunk that consists of whole, final text frames is parsed in place.
 * Everything else goes to `ws`, which implements the rest of the protocol (RFC 6455): partial frames, fragments,
 * control frames, and the answers to protocol errors. A client cannot tell which of the two has read its frame.
 */
import { isUtf8 } from 'node:buffer'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { FrameTracker } from './frame-tracker.ts'
import { FIN_TEXT, MASKED, MASK_BYTES, MEDIUM_LENGTH, SHORT_LIMIT } from './frame.ts'

const NOT_ASCII = 0x80

/** Receives the texts of a socket. */
export type TextReader = { readText: (text: string) => void }

/**
 * Replaces `ws` as the reader of a socket.
 * @param maxBytes maximum length of a text, in bytes; `ws` must have the same limit
 * @param reader receives each text, in order among those that `ws` delivers
 * @returns a function that stops reading: to be called when `ws` has found an error in the bytes passed to it
 */
export function readTextFrames (socket: Socket, maxBytes: number, reader: TextReader): () => void {
  const [passOn, ...others] = socket.listeners('data')
  if (passOn === undefined || others.length > 0) throw new Error('There is not exactly one reader of the socket.')
  /** State of `ws`, while it is within a message. */
  let walk: FrameTracker | undefined
  let isEnded = false
  const read = (chunk: Buffer) => {
    let at = 0
    while (walk === undefined && at < chunk.length) {
      const end = readFrame(chunk, at, maxBytes, reader)
      if (end === undefined) break
      at = end
    }
    if (at === chunk.length) return
    const rest = at === 0 ? chunk : chunk.subarray(at)
    const passed = (walk ??= new FrameTracker())
    if (passed.advance(rest)) walk = undefined
    // Like `ws`, which ignores everything after a close frame.
    if (passed.hasClosed) stop()
    Reflect.apply(passOn, socket, [rest])
  }
  const stop = () => {
    isEnded = true
    socket.off('data', read)
  }
  socket.removeAllListeners('data')
  socket.on('data', read)
  // Bytes are added to a stream by its `push`. Overwriting it saves passing them through the stream's buffer to its
  // listener.
  socket.push = (chunk: unknown, encoding?: BufferEncoding) => {
    const isHandedOn = !isEnded && socket.readableFlowing === true && socket.readableLength === 0
    if (!isHandedOn || !Buffer.isBuffer(chunk)) return Readable.prototype.push.call(socket, chunk, encoding)
    read(chunk)
    return true
  }
  return stop
}

/**
 * Delivers the text of the frame at a position.
 * @returns the position of its end; undefined when it is no whole, final text frame
 */
function readFrame (chunk: Buffer, at: number, maxBytes: number, reader: TextReader): number | undefined {
  const lengthByte = chunk[at + 1] ?? 0
  if (chunk[at] !== FIN_TEXT || (lengthByte & MASKED) === 0) return undefined
  let length = lengthByte - MASKED
  let maskAt = at + 2
  if (length === MEDIUM_LENGTH && at + 4 <= chunk.length) {
    length = chunk.readUInt16BE(maskAt)
    maskAt += 2
    // `ws` decides about a length that could have been encoded shorter.
    if (length < SHORT_LIMIT) return undefined
  } else if (length >= SHORT_LIMIT) return undefined
  const start = maskAt + MASK_BYTES
  const end = start + length
  if (length > maxBytes || end > chunk.length) return undefined
  const isAscii = (unmask(chunk, maskAt, start, end) & NOT_ASCII) === 0
  if (!isAscii && !isUtf8(chunk.subarray(start, end))) {
    // Masked again, for `ws` to refuse it.
    unmask(chunk, maskAt, start, end)
    return undefined
  }
  reader.readText(isAscii ? chunk.toString('latin1', start, end) : chunk.toString('utf8', start, end))
  return end
}

/** Applies a mask, which is its own inverse. @returns the bitwise OR of the resulting bytes */
function unmask (chunk: Buffer, maskAt: number, start: number, end: number): number {
  const first = chunk[maskAt] ?? 0
  const second = chunk[maskAt + 1] ?? 0
  const third = chunk[maskAt + 2] ?? 0
  const fourth = chunk[maskAt + 3] ?? 0
  let all = 0
  let at = start
  // Four bytes at a time take half as long.
  for (; at + MASK_BYTES <= end; at += MASK_BYTES) {
    const one = (chunk[at] ?? 0) ^ first
    const two = (chunk[at + 1] ?? 0) ^ second
    const three = (chunk[at + 2] ?? 0) ^ third
    const four = (chunk[at + 3] ?? 0) ^ fourth
    chunk[at] = one
    chunk[at + 1] = two
    chunk[at + 2] = three
    chunk[at + 3] = four
    all |= one | two | three | four
  }
  for (; at < end; at++) {
    const byte = (chunk[at] ?? 0) ^ (chunk[maskAt + ((at - start) & 3)] ?? 0)
    chunk[at] = byte
    all |= byte
  }
  return all
}
