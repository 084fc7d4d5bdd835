/** Values that change, in the form that `useSyncExternalStore` of React and others like it take. */

import { reportUncaught } from './emitter.ts'

/** A value whose snapshots are immutable: an equal one is the same object. */
export type Live<Value> = {
  /** Calls `listener` after each change. @returns a function that stops that */
  readonly subscribe: (listener: () => void) => () => void
  readonly getSnapshot: () => Value
  /** The value before anything was loaded: for rendering on a server. */
  readonly getInitialSnapshot: () => Value
}

/** A value that only its own class changes. The functions may be passed around without the object. */
export class LiveState<Value> implements Live<Value> {
  readonly #listeners = new Set<() => void>()
  readonly #initial: Value
  readonly #onUsed: (() => () => void) | undefined
  #onUnused: (() => void) | undefined
  #value: Value

  /** @param onUsed called when the first listener comes; it returns what is called when the last one has gone */
  constructor (value: Value, onUsed?: () => () => void) {
    this.#value = this.#initial = value
    this.#onUsed = onUsed
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    // A listener that is passed twice is two listeners.
    const own = () => listener()
    this.#listeners.add(own)
    if (this.#listeners.size === 1) this.#onUnused = this.#onUsed?.()
    return () => {
      if (this.#listeners.delete(own) && this.#listeners.size === 0) this.#onUnused?.()
    }
  }

  readonly getSnapshot = (): Value => this.#value
  readonly getInitialSnapshot = (): Value => this.#initial

  /** Replaces the value. */
  protected put (value: Value): void {
    if (Object.is(value, this.#value)) return
    this.#value = value
    for (const listener of [...this.#listeners]) {
      try {
        listener()
      } catch (error) {
        reportUncaught(error)
      }
    }
  }
}

/** A value that its owner sets. */
export class LiveValue<Value> extends LiveState<Value> {
  /** Replaces the value. */
  set (value: Value): void {
    this.put(value)
  }
}
