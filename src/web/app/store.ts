/** A value that whoever shows it hears of. What changes before the next picture is drawn is told once. */

/** A page that is not seen draws no pictures, and hears after this time, in milliseconds. */
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

  /** Replaces some of its parts. */
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

  /** Calls back now and after each change. @returns what ends it */
  follow (listener: (value: Value) => void): () => void {
    this.#listeners.add(listener)
    listener(this.#value)
    return () => { this.#listeners.delete(listener) }
  }
}
