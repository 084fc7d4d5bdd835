/**
 * A thread of the load generator: opens the sockets of its plan and posts at its pace, on the commands of `load.ts`.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { Value } from 'typebox/value'
import { Board, Counter } from './board.ts'
import { Client, type Crew } from './client.ts'
import { dialects } from './dialects.ts'
import { Needle } from './needle.ts'
import { type DialectName, OrderSchema, type Plan, type Seat } from './plan.ts'

const READ_BUFFER_BYTES = 256 * 1024
/** A late timer may send this many posts at once and no more, so that a stalled machine makes no burst. */
const CATCH_UP = 16

class Worker {
  readonly #plan: Plan
  readonly #board: Board
  readonly #crews = new Map<DialectName, Crew>()
  readonly #posters = new Map<number, Client>()
  #clients: Client[] = []
  #waiting: Seat[] = []
  #after: number | undefined
  #running = false
  #hasFailed = false
  #timer: NodeJS.Timeout | undefined

  constructor (plan: Plan, board: Board) {
    this.#plan = plan
    this.#board = board
  }

  /** Opens all sockets, a bounded number at a time. */
  connect (): void {
    this.#waiting = this.#plan.seats.toReversed()
    for (let i = 0; i < this.#plan.connectsInFlight; i++) this.#connectNext()
  }

  /** Opens all sockets at once, as clients do that lost their server, and asks for what they missed. */
  resume (): void {
    this.#after = this.#plan.resumeAfter
    this.#waiting = this.#plan.seats.toReversed()
    while (this.#waiting.length > 0) this.#connectNext()
  }

  start (): void {
    this.#running = true
    const { pace } = this.#plan
    if (pace.kind === 'window') {
      for (const poster of this.#posters.values()) {
        for (let i = 0; i < pace.size; i++) poster.post()
      }
    }
    if (pace.kind === 'rate') this.#postByClock(pace.perSecond)
  }

  stop (): void {
    this.#running = false
    clearInterval(this.#timer)
  }

  drop (): void {
    this.stop()
    for (const client of this.#clients) client.drop()
    this.#clients = []
    this.#posters.clear()
  }

  #crewOf (name: DialectName): Crew {
    const known = this.#crews.get(name)
    if (known !== undefined) return known
    const dialect = dialects[name]
    const crew: Crew = {
      board: this.#board,
      dialect,
      mark: new Needle(dialect.mark),
      order: dialect.order === undefined ? undefined : new Needle(dialect.order),
      stamp: new Needle(dialect.text),
      timed: this.#plan.pace.kind === 'rate',
      buffer: Buffer.alloc(READ_BUFFER_BYTES),
      joined: () => {
        this.#connectNext()
      },
      failed: (reason) => {
        this.#failed(reason)
      },
      echoed: (seat) => {
        this.#echoed(seat)
      }
    }
    this.#crews.set(name, crew)
    return crew
  }

  #connectNext (): void {
    const seat = this.#waiting.pop()
    if (seat === undefined) return
    const client = new Client(this.#crewOf(seat.dialect ?? this.#plan.dialect), seat, this.#after)
    this.#clients.push(client)
    if (seat.posts) this.#posters.set(seat.chat, client)
  }

  #echoed (seat: Seat): void {
    this.#board.add(Counter.echoes)
    if (this.#running && this.#plan.pace.kind === 'window') this.#posters.get(seat.chat)?.post()
  }

  /** Says once what failed; the others are counted. */
  #failed (reason: string): void {
    if (!this.#hasFailed) parentPort?.postMessage(reason)
    this.#hasFailed = true
  }

  #postByClock (perSecond: number): void {
    const posters = [...this.#posters.values()]
    const startedAt = performance.now()
    let sent = 0
    this.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - startedAt) * perSecond) / 1000) - sent
      for (let i = 0; i < Math.min(due, CATCH_UP); i++) posters[(sent + i) % posters.length]?.post()
      sent += due
    }, 1)
  }
}

const given: unknown = workerData
if (!Value.Check(OrderSchema, given) || !(given.memory instanceof SharedArrayBuffer) || parentPort === null) {
  throw new Error('worker.ts is started by load.ts')
}
const worker = new Worker(given.plan, new Board(given.plan.chats, given.memory))

parentPort.on('message', (command: unknown) => {
  switch (command) {
    case 'connect':
      worker.connect()
      break
    case 'resume':
      worker.resume()
      break
    case 'start':
      worker.start()
      break
    case 'stop':
      worker.stop()
      break
    case 'drop':
      worker.drop()
      break
    default:
      throw new Error('unknown command')
  }
})
