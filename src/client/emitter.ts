/** Typed events, in browsers and Node alike. */

/** Takes what an event carries. */
export type Listener<Payload> = (payload: Payload) => void

/** Something that tells of `Events`: names with what they carry. */
export class Emitter<Events extends object> {
  readonly #listeners: { [Name in keyof Events]?: Set<Listener<Events[Name]>> } = {}

  /** Calls back at each event of a name. @returns what ends it */
  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    const listeners = (this.#listeners[name] ??= new Set())
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
    }
  }

  /** Waits for the next event of a name. @throws the signal's reason */
  once<Name extends keyof Events>(
    name: Name,
    { signal }: { signal?: AbortSignal | undefined } = {}
  ): Promise<Events[Name]> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        off()
        reject(reasonOf(signal))
      }
      const off = this.on(name, (payload) => {
        off()
        signal?.removeEventListener('abort', abort)
        resolve(payload)
      })
      if (signal?.aborted === true) abort()
      else signal?.addEventListener('abort', abort, { once: true })
    })
  }

  protected emit<Name extends keyof Events>(name: Name, payload: Events[Name]): void {
    for (const listener of [...(this.#listeners[name] ?? [])]) listener(payload)
  }
}

/** Why a signal was aborted, as an error. */
export function reasonOf (signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason
  return reason instanceof Error ? reason : new Error('The operation was aborted.', { cause: reason })
}
