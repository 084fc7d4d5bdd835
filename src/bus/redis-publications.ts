/**
 * What is published on one connection to Redis. The connection turns replies off (`CLIENT REPLY OFF`), and everything
 * that is published in one turn of the event loop is written to it as bytes at once: a command object, a promise and a
 * write for each payload would cost four times what the payload does. A hint needs no answer, and a broken connection
 * closes.
 */
import type { Redis } from 'ioredis'
import { type Flushable, flushAtEndOfTick } from '../lib/end-of-tick.ts'
import { WriteBuffer } from '../lib/redis/write-buffer.ts'

/** Bytes that may wait for a Redis that does not read; beyond that hints are dropped, which their guarantee allows. */
const MAX_UNSENT_BYTES = 16_777_216

const END_OF_LINE = Buffer.from('\r\n')

/** Publishes on a connection that is used for nothing else. */
export class RedisPublications implements Flushable {
  readonly #connection: Redis
  /** A PUBLISH command, up to the length of the channel's name. */
  readonly #command: string
  /** Commands that are sent at the end of this turn, and their number. */
  readonly #outgoing = new WriteBuffer()
  #count = 0
  #dropped = 0

  constructor (connection: Redis, isSharded: boolean) {
    this.#connection = connection
    this.#command = isSharded ? '*3\r\n$8\r\nSPUBLISH\r\n$' : '*3\r\n$7\r\nPUBLISH\r\n$'
    connection.on('ready', () => {
      // The connection never answers this command either, so the promise settles when the connection ends.
      connection.client('REPLY', 'OFF').catch(() => undefined)
    })
  }

  /** Number of payloads that could not be sent. */
  get dropped (): number {
    return this.#dropped
  }

  /** A PUBLISH command to a channel, up to the length of the payload. */
  commandTo (channel: string): string {
    return `${this.#command}${String(Buffer.byteLength(channel))}\r\n${channel}\r\n$`
  }

  /** Publishes a payload at the end of this turn. @param command what {@link commandTo} returns for its channel */
  add (command: string, payload: Buffer): void {
    if (this.#connection.status !== 'ready') {
      this.#dropped++
      return
    }
    if (this.#count++ === 0) flushAtEndOfTick(this)
    this.#outgoing.addText(command)
    this.#outgoing.addText(`${String(payload.length)}\r\n`)
    this.#outgoing.addBytes(payload)
    this.#outgoing.addBytes(END_OF_LINE)
  }

  /** Sends what was published in this turn. */
  endTick (): void {
    if (this.#count === 0) return
    const { stream, status } = this.#connection
    if (status === 'ready' && stream.writableLength < MAX_UNSENT_BYTES) this.#outgoing.writeTo(stream)
    else {
      this.#dropped += this.#count
      this.#outgoing.clear()
    }
    this.#count = 0
  }
}
