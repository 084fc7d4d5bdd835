/** The load generator as the scenarios see it: a few worker threads and the sum of their boards. */
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { Board, BUCKET_MICROSECONDS, BUCKETS, Counter, type CounterPlace } from './board.ts'
import { microseconds, until } from './clock.ts'
import { dialects } from './dialects.ts'
import type { Plan } from './plan.ts'

/** How long sockets may take to be joined, and posts on their way to arrive. */
const JOIN_TIMEOUT_MS = 120_000
const DRAIN_TIMEOUT_MS = 15_000
/** Nothing arrived for this long: what is missing is lost. */
const QUIET_MS = 1500

/** What was counted so far. */
export interface Totals {
  posts: number
  echoes: number
  deliveries: number
}

/** What a whole run of posts came to. */
export interface Verdict {
  deliveries: number
  outOfOrder: number
  duplicates: number
  lost: number
  errors: number
  closed: number
}

export class Load {
  readonly #plan: Plan
  readonly #threads: Worker[] = []
  readonly #boards: Board[] = []
  #failure: unknown
  /** What failed first, in the words of the server. */
  #reason: string | undefined

  /** Starts the threads; no socket is opened yet. All seats of a posting chat's poster and pacer share a thread. */
  constructor (plan: Plan, threads: number) {
    this.#plan = plan
    for (const seats of divide(plan, threads)) {
      const board = new Board(plan.chats)
      const share =
        seats.filter((seat) => seat.posts).length / Math.max(1, plan.seats.filter((seat) => seat.posts).length)
      const pace = plan.pace.kind === 'rate' ? { ...plan.pace, perSecond: plan.pace.perSecond * share } : plan.pace
      const thread = new Worker(new URL('worker.js', import.meta.url), {
        workerData: { plan: { ...plan, seats, pace }, memory: board.memory }
      })
      thread.on('error', (error) => {
        this.#failure = error
      })
      thread.on('message', (reason: unknown) => {
        this.#reason ??= String(reason)
      })
      this.#threads.push(thread)
      this.#boards.push(board)
    }
  }

  /** Opens all sockets and waits until the server has confirmed every join. */
  async connect (): Promise<void> {
    this.#command('connect')
    await this.#allJoined()
  }

  /**
   * Drops all sockets, then opens them all at once, each asking for what it missed. Answers, when all have had their
   * replay, how long that took, in seconds.
   */
  async reconnect (): Promise<number> {
    this.#command('drop')
    await delay(QUIET_MS)
    for (const board of this.#boards) {
      for (const place of [Counter.joined, Counter.deliveries, Counter.outOfOrder, Counter.duplicates])
        board.set(place, 0)
    }
    const startedAt = microseconds()
    this.#command('resume')
    await this.#allJoined()
    return (Math.max(...this.#boards.map((board) => board.get(Counter.lastJoin))) - startedAt) / 1e6
  }

  start (): void {
    this.#command('start')
  }

  /** Latencies count from now on, or no longer. */
  record (on: boolean): void {
    for (const board of this.#boards) board.set(Counter.recording, on ? 1 : 0)
  }

  /** Forgets the latencies recorded so far. */
  forgetLatencies (): void {
    for (const { histogram } of this.#boards) histogram.fill(0)
  }

  totals (): Totals {
    return {
      posts: this.#sum(Counter.posts),
      echoes: this.#sum(Counter.echoes),
      deliveries: this.#sum(Counter.deliveries)
    }
  }

  /** Latency in milliseconds below which the given fraction of the recorded deliveries lies. */
  latency (fraction: number): number {
    const sum = new Float64Array(BUCKETS)
    let all = 0
    for (const { histogram } of this.#boards) {
      histogram.forEach((count, bucket) => {
        sum[bucket] = (sum[bucket] ?? 0) + count
        all += count
      })
    }
    let below = 0
    const found = sum.findIndex((count) => (below += count) >= all * fraction && all > 0)
    return ((found + 1) * BUCKET_MICROSECONDS) / 1000
  }

  /** Stops posting, waits for what is on its way, and tells what became of it. */
  async finish (): Promise<Verdict> {
    this.#command('stop')
    await delay(QUIET_MS / 5)
    await this.#drained()
    return this.verdict()
  }

  verdict (): Verdict {
    const duplicates = this.#sum(Counter.duplicates)
    return {
      deliveries: this.#sum(Counter.deliveries),
      outOfOrder: this.#sum(Counter.outOfOrder),
      duplicates,
      lost: this.#missing() + duplicates,
      errors: this.#sum(Counter.errors),
      closed: this.#sum(Counter.closed)
    }
  }

  async close (): Promise<void> {
    this.#command('drop')
    await Promise.all(this.#threads.map(async (thread) => await thread.terminate()))
  }

  async #allJoined (): Promise<void> {
    const expected = this.#plan.seats.length
    await until(`${String(expected)} sockets to join`, JOIN_TIMEOUT_MS, () => {
      this.#check()
      const failed = this.#sum(Counter.errors) + this.#sum(Counter.closed)
      if (failed > 0)
        throw new Error(
          `${String(failed)} sockets failed while joining, ${String(this.#sum(Counter.joined))} had joined; ` +
          `the first: ${this.#reason ?? 'not known'}`
        )
      return this.#sum(Counter.joined) >= expected
    })
  }

  async #drained (): Promise<void> {
    const deadline = performance.now() + DRAIN_TIMEOUT_MS
    let last = -1
    let changedAt = performance.now()
    while (this.#missing() > 0 && performance.now() < deadline && performance.now() - changedAt < QUIET_MS) {
      this.#check()
      const { deliveries } = this.totals()
      if (deliveries !== last) changedAt = performance.now()
      last = deliveries
      await delay(20)
    }
  }

  /** Deliveries still owed: each post to each socket of its chat. */
  #missing (): number {
    const { framesPerPost } = dialects[this.#plan.dialect]
    const sockets = new Float64Array(this.#plan.chats)
    for (const { chat } of this.#plan.seats) sockets[chat] = (sockets[chat] ?? 0) + 1
    let missing = 0
    sockets.forEach((count, chat) => {
      for (const board of this.#boards) {
        missing += count * framesPerPost * (board.postsByChat[chat] ?? 0) - (board.deliveriesByChat[chat] ?? 0)
      }
    })
    return missing
  }

  #sum (place: CounterPlace): number {
    return this.#boards.reduce((sum, board) => sum + board.get(place), 0)
  }

  #check (): void {
    if (this.#failure !== undefined) throw new Error('a thread of the load generator failed', { cause: this.#failure })
  }

  #command (command: 'connect' | 'resume' | 'start' | 'stop' | 'drop'): void {
    for (const thread of this.#threads) thread.postMessage(command)
  }
}

/** Deals the seats to threads: chats with few seats stay whole, a big one is spread behind its poster and pacer. */
function divide (plan: Plan, threads: number): Plan['seats'][] {
  const hands: Plan['seats'][] = Array.from({ length: threads }, () => [])
  plan.seats.forEach((seat, index) => {
    const stays = plan.chats >= threads || seat.posts || seat.paces
    hands[(stays ? seat.chat : index) % threads]?.push(seat)
  })
  return hands.filter((seats) => seats.length > 0)
}
