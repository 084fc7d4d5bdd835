/**
 * WebSocket frames as bytes (RFC 6455, section 5.2): a message for a thousand sockets is encoded once, and frames that
 * leave together are one buffer. Written straight to the sockets under `ws`, which spares the work it does per socket.
 */

const FIN_TEXT = 0x81
const SHORT_LIMIT = 126
const MEDIUM_LIMIT = 65_536

/** An empty ping. */
export const PING_FRAME = Buffer.from([0x89, 0x00])

/** A text message as one unmasked, final frame. */
export function encodeTextFrame (text: string): Buffer {
  const length = Buffer.byteLength(text)
  const headerLength = length < SHORT_LIMIT ? 2 : length < MEDIUM_LIMIT ? 4 : 10
  const frame = Buffer.allocUnsafe(headerLength + length)
  frame[0] = FIN_TEXT
  if (headerLength === 2) {
    frame[1] = length
  } else if (headerLength === 4) {
    frame[1] = SHORT_LIMIT
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = SHORT_LIMIT + 1
    frame.writeBigUInt64BE(BigInt(length), 2)
  }
  frame.write(text, headerLength)
  return frame
}
