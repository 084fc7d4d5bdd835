/** Requests over a socket without an answer, by `ref`. */
import type { ConfabError } from './errors.ts'

type Pending = {
  resolve: (answer: unknown) => void
  reject: (error: ConfabError) => void
  timer: ReturnType<typeof setTimeout>
}

/** The requests of successive sockets. */
export class PendingRequests {
  readonly #pending = new Map<number, Pending>()
  #lastRef = 0

  /**
   * Adds a request.
   * @param send sends it with its `ref`
   * @param onLate called when it was not answered in time; the request fails with the returned error
   */
  add (
    { timeoutMs, send, onLate }: { timeoutMs: number, send: (ref: number) => void, onLate: () => ConfabError }
  ): Promise<unknown> {
    const ref = ++this.#lastRef
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#take(ref)?.reject(onLate()), timeoutMs)
      this.#pending.set(ref, { resolve, reject, timer })
      send(ref)
    })
  }

  /** Handles the answer to a request, if it is still pending. */
  resolve (ref: number, answer: unknown): void {
    this.#take(ref)?.resolve(answer)
  }

  /** Fails a request, if it is still pending. */
  reject (ref: number, error: ConfabError): void {
    this.#take(ref)?.reject(error)
  }

  /** Fails all pending requests. */
  rejectAll (error: ConfabError): void {
    for (const ref of [...this.#pending.keys()]) this.reject(ref, error)
  }

  #take (ref: number): Pending | undefined {
    const pending = this.#pending.get(ref)
    this.#pending.delete(ref)
    clearTimeout(pending?.timer)
    return pending
  }
}
