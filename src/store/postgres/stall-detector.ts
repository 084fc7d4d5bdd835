/**
 * Notices a server that owes an answer and says nothing. What a connection owes cannot be told from its bytes, as
 * queries are sent behind one another and may be encrypted; but while a query waits for longer than the server may
 * take, a connection on which nothing comes is idle or dead, and worth no more than a new one.
 */
import type { PostgresSockets } from './socket.ts'

/** How often it looks within the time of silence. */
const LOOKS = 4

/** Watches over the queries of a pool. */
export class StallDetector {
  readonly #sockets: PostgresSockets
  readonly #silenceMs: number
  readonly #timer: NodeJS.Timeout
  /** When the queries that have no answer yet began, oldest first, as a set keeps the order. */
  readonly #unanswered = new Set<{ since: number }>()

  /** @param silenceMs how long a query may wait, which is longer than the server gives it */
  constructor (sockets: PostgresSockets, silenceMs: number) {
    this.#sockets = sockets
    this.#silenceMs = silenceMs
    // A busy event loop is no silence: what has come is read first.
    this.#timer = setInterval(() => setImmediate(() => this.#look()), silenceMs / LOOKS).unref()
  }

  /** A query begins. @returns what is to be called when it has ended */
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
