/**
 * The counters of one worker in shared memory: the main thread reads them at the very moment it reads the CPU time of
 * the servers, and no message has to cross threads while the clock runs. Each board has one writer.
 */

/** Counters of a board, by their place in it. */
export const Counter = {
  joined: 0,
  posts: 1,
  echoes: 2,
  deliveries: 3,
  outOfOrder: 4,
  duplicates: 5,
  errors: 6,
  closed: 7,
  /** Clock time of the latest join, in microseconds. */
  lastJoin: 8,
  /** Set by the main thread: latencies are recorded while it is 1. */
  recording: 9
} as const

export type CounterPlace = (typeof Counter)[keyof typeof Counter]

const COUNTERS = 16
const FLOAT64_BYTES = 8
const UINT32_BYTES = 4

/** Width of a latency bucket. */
export const BUCKET_MICROSECONDS = 10
/** Latencies up to two seconds have a bucket of their own; all above share the last. */
export const BUCKETS = 200_001

export class Board {
  readonly memory: SharedArrayBuffer
  readonly #counters: Float64Array
  readonly postsByChat: Float64Array
  readonly deliveriesByChat: Float64Array
  readonly histogram: Uint32Array

  constructor (
    chats: number,
    memory = new SharedArrayBuffer((COUNTERS + 2 * chats) * FLOAT64_BYTES + BUCKETS * UINT32_BYTES)
  ) {
    this.memory = memory
    this.#counters = new Float64Array(memory, 0, COUNTERS)
    this.postsByChat = new Float64Array(memory, COUNTERS * FLOAT64_BYTES, chats)
    this.deliveriesByChat = new Float64Array(memory, (COUNTERS + chats) * FLOAT64_BYTES, chats)
    this.histogram = new Uint32Array(memory, (COUNTERS + 2 * chats) * FLOAT64_BYTES, BUCKETS)
  }

  get (place: CounterPlace): number {
    return this.#counters[place] ?? 0
  }

  set (place: CounterPlace, value: number): void {
    this.#counters[place] = value
  }

  add (place: CounterPlace): void {
    this.#counters[place] = (this.#counters[place] ?? 0) + 1
  }

  posted (chat: number): void {
    this.add(Counter.posts)
    this.postsByChat[chat] = (this.postsByChat[chat] ?? 0) + 1
  }

  delivered (chat: number): void {
    this.add(Counter.deliveries)
    this.deliveriesByChat[chat] = (this.deliveriesByChat[chat] ?? 0) + 1
  }

  latency (microseconds: number): void {
    const bucket = Math.min(BUCKETS - 1, Math.max(0, Math.floor(microseconds / BUCKET_MICROSECONDS)))
    this.histogram[bucket] = (this.histogram[bucket] ?? 0) + 1
  }
}
