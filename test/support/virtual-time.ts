/** Time that passes only when a test says so, in the place of this process's timers. */

const real = {
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setImmediate: globalThis.setImmediate
}

type Timer = { due: number, callback: () => void }

/** A clock with its timers. */
export class VirtualTime {
  #now = 0
  #timers: Timer[] = []
  #immediates: (() => void)[] = []

  /** Does something on a clock of its own, and puts the process's timers back. */
  static async during<Value>(work: (time: VirtualTime) => Promise<Value>): Promise<Value> {
    const time = new VirtualTime()
    Object.assign(globalThis, {
      setTimeout: (callback: () => void, ms = 0) => time.#add({ due: time.#now + ms, callback }),
      clearTimeout: (timer: Timer | undefined) => {
        time.#timers = time.#timers.filter((other) => other !== timer)
      },
      setImmediate: (callback: () => void) => {
        time.#immediates.push(callback)
      }
    })
    try {
      return await work(time)
    } finally {
      // What was put off must not be waited for in vain by whoever shares it.
      await time.#turn()
      Object.assign(globalThis, real)
    }
  }

  /** Lets so many milliseconds pass, and everything happen that is due within them. */
  async pass (ms: number): Promise<void> {
    const end = this.#now + ms
    await this.#turn()
    for (let next = this.#earliest(); next <= end; next = this.#earliest()) {
      this.#now = next
      const due = this.#timers.filter((timer) => timer.due <= next)
      this.#timers = this.#timers.filter((timer) => timer.due > next)
      for (const { callback } of due) callback()
      await this.#turn()
    }
    this.#now = end
  }

  #add (timer: Timer): Timer {
    this.#timers.push(timer)
    return timer
  }

  #earliest (): number {
    return Math.min(...this.#timers.map((timer) => timer.due))
  }

  /** Ends a turn of the event loop: what was promised, then what was put off to the end of the turn. */
  async #turn (): Promise<void> {
    do {
      await new Promise((resolve) => real.setImmediate(resolve))
      for (const callback of this.#immediates.splice(0)) callback()
    } while (this.#immediates.length > 0)
  }
}
