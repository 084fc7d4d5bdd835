/** Random choices that can be made again: each test says its seed, and takes the one in `CONFAB_TEST_SEED`. */
import { randomInt } from 'node:crypto'
import type { Test } from 'tap'

const SEED_RANGE = 2 ** 31

/** Numbers that depend on nothing but the seed (mulberry32). */
export class Random {
  #state: number

  constructor (seed: number) {
    this.#state = seed >>> 0
  }

  /** At least 0 and less than 1. */
  fraction (): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number, the bounds included. */
  integer (minimum: number, maximum: number): number {
    return minimum + Math.floor(this.fraction() * (maximum - minimum + 1))
  }

  /** True that often. */
  chance (probability: number): boolean {
    return this.fraction() < probability
  }
}

/** The seed of this run, which is written down in the test's output. */
export function seedOf (t: Test): number {
  const seed = Number(process.env['CONFAB_TEST_SEED'] ?? randomInt(SEED_RANGE))
  t.comment(`The random choices can be made again with CONFAB_TEST_SEED=${String(seed)}.`)
  return seed
}
