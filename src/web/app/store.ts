/** A value that whoever shows it hears of. Changes that come together are told once, when the code that makes them is done. */
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
    queueMicrotask(() => {
      this.#isTelling = false
      for (const listener of [...this.#listeners]) listener(this.#value)
    })
  }

  /** Calls back now and after each change. @returns what ends it */
  follow (listener: (value: Value) => void): () => void {
    this.#listeners.add(listener)
    listener(this.#value)
    return () => { this.#listeners.delete(listener) }
  }
}
