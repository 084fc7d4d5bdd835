/**
 * Server-sent events for the frames of a socket: each is one event, whose id is a cursor over all that the stream
 * follows.
 */
import { Transform, type TransformCallback } from 'node:stream'
import { isTextFrame, textOfFrame, frameLength } from '../../../lib/websocket/frame.ts'
import type { StreamCursor } from './stream-cursor.ts'

/** Converts frames that the server has encoded. */
export class EventStream extends Transform {
  readonly #cursor: StreamCursor
  /** Called for a ping, which has no other form here: the client shows by reading that it is there. */
  onPing: () => void = () => undefined
  #taken = 0

  constructor (cursor: StreamCursor) {
    super({ decodeStrings: true })
    this.#cursor = cursor
  }

  /** Bytes of frames that were passed to the connection. */
  get bytesWritten (): number {
    return this.#taken
  }

  /** Sends a comment, which keeps proxies from closing the connection. */
  comment (): void {
    if (this.writable && this.writableLength === 0) this.push(': \n\n')
  }

  override _transform (frames: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#taken += frames.length
    for (let at = 0; at < frames.length;) {
      const frame = frames.subarray(at)
      const length = frameLength(frame)
      if (isTextFrame(frame)) this.#event(textOfFrame(frame.subarray(0, length)))
      else this.onPing()
      at += length
    }
    done()
  }

  #event (text: string): void {
    const id = this.#cursor.advance(text) ? `id: ${this.#cursor.encode()}\n` : ''
    this.push(`${id}data: ${text}\n\n`)
  }
}
