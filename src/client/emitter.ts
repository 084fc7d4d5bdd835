/** Typed events, in browsers and Node.js. */
import { abortable } from './abort.ts'

/** Receives the payload of an event. It may be async. */
export type Listener<Payload> = (payload: Payload) => unknown

// Browsers have it, and show the error like an uncaught one; Node.js does not.
declare const reportError: ((error: unknown) => void) | undefined

/** Reports an error that no caller can catch, where developers look for such errors. */
export function reportUncaught (error: unknown): void {
  if (typeof reportError === 'function') reportError(error)
  else console.error(error)
}

/** A source of `Events`: a map from names to payloads. */
export class Emitter<Events extends object> {
  readonly #listeners: { [Name in keyof Events]?: Set<Listener<Events[Name]>> } = {}
  /** The event that is being delivered, and those that were emitted meanwhile. */
  readonly #queue: (() => void)[] = []

  /** Calls `listener` for each event of a name. @returns a function that stops that */
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
    let off = (): void => undefined
    const next = new Promise<Events[Name]>((resolve) => {
      off = this.on(name, resolve)
    })
    return abortable(next, signal).finally(() => off())
  }

  /**
   * An error of a listener is reported; other listeners and the emitter are not affected. All listeners receive all
   * events in the same order: events that a listener causes are delivered after the one it was called for.
   */
  protected emit<Name extends keyof Events>(name: Name, payload: Events[Name]): void {
    if (this.#queue.push(() => this.#deliver(name, payload)) > 1) return
    for (let deliver = this.#queue[0]; deliver !== undefined; deliver = this.#queue[0]) {
      deliver()
      this.#queue.shift()
    }
  }

  #deliver<Name extends keyof Events>(name: Name, payload: Events[Name]): void {
    const report = (error: unknown) => {
      this.reportFailure(name, error)
    }
    for (const listener of [...(this.#listeners[name] ?? [])]) {
      try {
        const returned = listener(payload)
        if (returned instanceof Promise) returned.catch(report)
      } catch (error) {
        report(error)
      }
    }
  }

  protected hasListeners (name: keyof Events): boolean {
    return (this.#listeners[name]?.size ?? 0) > 0
  }

  /** Reports the error of a listener. */
  protected reportFailure (_name: keyof Events, error: unknown): void {
    reportUncaught(error)
  }
}
