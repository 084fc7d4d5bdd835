/** One raw socket that speaks just enough WebSocket: it counts what it is sent and parses nothing it does not need. */
import { connect, type Socket } from 'node:net'
import { Counter, type Board } from './board.ts'
import { microseconds } from './clock.ts'
import type { Dialect } from './dialects.ts'
import { clientFrame, Opcode, readFrame, upgradeRequest, type FrameSpan } from './frames.ts'
import type { Needle } from './needle.ts'
import type { Seat } from './plan.ts'

/** Digits of the time that starts each message text, in microseconds. */
const STAMP_DIGITS = 16
/** The rest of the text, so that a message has the 64 characters of an average chat line. */
const FILLER = ' the quick brown fox jumps over the lazy dog....'
const ZERO_STAMP = '0'.repeat(STAMP_DIGITS)
/** Begins the id of a message, and is nowhere else in a frame; the number behind it has one digit less than a time. */
const ID_PREFIX = '#'
const ZERO_ID = '0'.repeat(STAMP_DIGITS - 1)

/** What all sockets of one worker share. */
export interface Crew {
  board: Board
  dialect: Dialect
  mark: Needle
  order: Needle | undefined
  stamp: Needle
  /** Latencies are wanted. */
  timed: boolean
  /** Every socket reads into this buffer: its callback runs before the next read. */
  buffer: Buffer
  joined: () => void
  /** Called with what failed. */
  failed: (reason: string) => void
  echoed: (seat: Seat) => void
}

export class Client {
  readonly #crew: Crew
  readonly #seat: Seat
  readonly #socket: Socket
  readonly #span: FrameSpan = { opcode: 0, final: true, start: 0, end: 0 }
  readonly #template: Buffer
  readonly #stampAt: number
  readonly #idAt: number
  readonly #after: number | undefined
  #upgraded = false
  #rest: Buffer | undefined
  #last = -1
  #seen = 0
  #posted = 0

  constructor (crew: Crew, seat: Seat, after: number | undefined) {
    this.#crew = crew
    this.#seat = seat
    this.#after = after
    this.#template = clientFrame(crew.dialect.post(seat, ZERO_STAMP + FILLER, `${ID_PREFIX}${ZERO_ID}`))
    this.#stampAt = this.#template.indexOf(ZERO_STAMP)
    this.#idAt = this.#template.indexOf(ID_PREFIX) + 1
    this.#socket = connect({
      host: '127.0.0.1',
      port: seat.port,
      noDelay: true,
      onread: { buffer: crew.buffer, callback: (length) => { this.#receive(length); return true } }
    })
    this.#socket.on('error', ({ message }) => { this.#fail(message) })
    this.#socket.on('close', () => {
      crew.failed('the connection was closed')
      crew.board.add(Counter.closed)
    })
    this.#socket.write(upgradeRequest(crew.dialect.path, seat.port))
  }

  /** Sends one message, with the time of sending in its text. */
  post (): void {
    const frame = Buffer.from(this.#template)
    frame.write(Math.floor(microseconds()).toString().padStart(STAMP_DIGITS, '0'), this.#stampAt, 'latin1')
    if (this.#idAt > 0) frame.write(String(this.#posted++).padStart(ZERO_ID.length, '0'), this.#idAt, 'latin1')
    this.#crew.board.posted(this.#seat.chat)
    this.#socket.write(frame)
  }

  /** Drops the connection without a goodbye. */
  drop (): void {
    this.#socket.removeAllListeners('close')
    this.#socket.destroy()
  }

  #receive (length: number): void {
    const fresh = this.#crew.buffer
    if (this.#rest === undefined) {
      this.#consume(fresh, length)
    } else {
      const joined = Buffer.concat([this.#rest, fresh.subarray(0, length)])
      this.#consume(joined, joined.length)
    }
  }

  /** Handles the whole frames before `limit` and keeps what is left of the last one. */
  #consume (data: Buffer, limit: number): void {
    let at = this.#upgraded ? 0 : this.#upgrade(data.subarray(0, limit))
    const now = this.#crew.timed ? microseconds() : 0
    if (this.#upgraded) {
      while (readFrame(data, at, limit, this.#span)) {
        this.#frame(data, now)
        at = this.#span.end
      }
    }
    // Copied, since the next socket reads into the same buffer.
    this.#rest = at < limit ? Buffer.from(data.subarray(at, limit)) : undefined
  }

  #upgrade (data: Buffer): number {
    const end = data.indexOf('\r\n\r\n')
    if (end < 0) return 0
    this.#upgraded = true
    if (!data.subarray(0, end).includes(' 101 ')) {
      this.#fail(data.toString('latin1', 0, end))
      this.#socket.destroy()
    }
    this.#send(this.#crew.dialect.greet(this.#seat, this.#after))
    return end + 4
  }

  #frame (data: Buffer, now: number): void {
    const { opcode, final, start, end } = this.#span
    if (opcode === Opcode.text && final) {
      if (this.#crew.mark.find(data, start, end) >= 0) this.#delivered(data, start, end, now)
      else this.#react(data.toString('utf8', start, end))
    } else if (opcode === Opcode.ping) {
      this.#socket.write(clientFrame(data.subarray(start, end), Opcode.pong))
    } else if (opcode === Opcode.close) this.#crew.failed(`closed: ${data.toString('utf8', start + 2, end)}`)
    else if (opcode !== Opcode.pong) this.#fail(`a frame with opcode ${String(opcode)}`)
  }

  #delivered (data: Buffer, start: number, end: number, now: number): void {
    const { board, order, stamp, timed, dialect, echoed } = this.#crew
    board.delivered(this.#seat.chat)
    if (order !== undefined) {
      const number = order.number(data, start, end)
      if (number < this.#last) board.add(Counter.outOfOrder)
      else if (number === this.#last) board.add(Counter.duplicates)
      this.#last = number
    }
    if (timed && board.get(Counter.recording) === 1) board.latency(now - stamp.number(data, start, end))
    if (this.#seat.paces && ++this.#seen % dialect.framesPerPost === 0) echoed(this.#seat)
  }

  #react (text: string): void {
    const { board, dialect, joined } = this.#crew
    const reaction = dialect.react(text, this.#seat)
    if (reaction.send !== undefined) this.#send(reaction.send)
    if (reaction.failed === true) this.#fail(text)
    if (reaction.joined !== true) return
    board.set(Counter.lastJoin, microseconds())
    board.add(Counter.joined)
    joined()
  }

  #fail (reason: string): void {
    this.#crew.failed(reason)
    this.#crew.board.add(Counter.errors)
  }

  #send (texts: string[]): void {
    if (texts.length > 0) this.#socket.write(Buffer.concat(texts.map((text) => clientFrame(text))))
  }
}
