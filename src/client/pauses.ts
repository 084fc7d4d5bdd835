/** Waits that end early when there is no more reason to wait, so that they keep no program alive. */
export class Pauses {
  readonly #ends = new Set<() => void>()

  /** Waits. @param ms at most so long, in milliseconds */
  wait (ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer)
        this.#ends.delete(end)
        resolve()
      }
      const timer = setTimeout(end, ms)
      this.#ends.add(end)
    })
  }

  /** Ends all of them. */
  end (): void {
    for (const end of [...this.#ends]) end()
  }
}
