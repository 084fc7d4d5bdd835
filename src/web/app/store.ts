/** An observable value. Changes within one animation frame result in one notification. */

/** A hidden page draws no frames; it is notified after this time, in milliseconds. */
const UNSEEN_MS = 100

/** The value. */
export class Store<Value extends object> {
  #value: Value
  readonly #listeners = new Set<(value: Value) => void>()
  #isTelling = false

  constructor (value: Value) {
    this.#value = value
  }

  get value (): Value {
    return this.#value
  }

  /** Replaces some of its fields. */
  set (change: Partial<Value>): void {
    this.#value = { ...this.#value, ...change }
    if (this.#isTelling) return
    this.#isTelling = true
    const tell = () => {
      if (!this.#isTelling) return
      this.#isTelling = false
      for (const listener of [...this.#listeners]) listener(this.#value)
    }
    requestAnimationFrame(tell)
    setTimeout(tell, UNSEEN_MS)
  }

  /** Calls `listener` now and after each change. @returns a function that stops that */
  follow (listener: (value: Value) => void): () => void {
    this.#listeners.add(listener)
    listener(this.#value)
    return () => { this.#listeners.delete(listener) }
  }
}
