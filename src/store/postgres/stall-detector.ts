/**
 * Detects a server that owes an answer and sends nothing. The outstanding answers of a connection cannot be counted in
 * bytes, as queries are pipelined and may be encrypted. But while any query waits for longer than the server may take,
 * a connection that receives nothing is idle or dead, and a new one serves as well.
 */
import type { PostgresSockets } from './socket.ts'

/** Checks per silence period. */
const LOOKS = 4

/** Watches the queries of a pool. */
export class StallDetector {
  readonly #sockets: PostgresSockets
  readonly #silenceMs: number
  readonly #timer: NodeJS.Timeout
  /** Start times of the queries without an answer, oldest first since a set keeps insertion order. */
  readonly #unanswered = new Set<{ since: number }>()

  /** @param silenceMs maximum wait of a query; longer than the server's own time limit */
  constructor (sockets: PostgresSockets, silenceMs: number) {
    this.#sockets = sockets
    this.#silenceMs = silenceMs
    // A blocked event loop is not silence: pending input is read first.
    this.#timer = setInterval(() => setImmediate(() => this.#look()), silenceMs / LOOKS).unref()
  }

  /** Registers the start of a query. @returns a function to call at its end */
  begin (): () => void {
    const query = { since: performance.now() }
    this.#unanswered.add(query)
    return () => this.#unanswered.delete(query)
  }

  stop (): void {
    clearInterval(this.#timer)
  }

  #look (): void {
    this.#sockets.observe()
    const [oldest] = this.#unanswered
    if (oldest !== undefined && performance.now() - oldest.since >= this.#silenceMs)
      this.#sockets.destroySilent(this.#silenceMs)
  }
}
