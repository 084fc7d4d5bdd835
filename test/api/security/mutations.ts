/** Right inputs made wrong: bytes flipped, cut out, doubled, or replaced by what parsers trip over. */
import { Random } from '../../support/data/random.ts'

const MAX_STEPS = 4
const TOKENS = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ':',
  ',',
  '\\',
  '\\u0000',
  '\\ud800',
  '\u0000',
  '\ufeff',
  'null',
  'true',
  '1e999',
  '-1',
  '0',
  '1.5',
  '9007199254740993',
  '-0',
  '""',
  '{}',
  '[]',
  '"__proto__":',
  '"constructor":',
  '"type":',
  '"chatID":',
  '"ref":',
  '"after":',
  '"text":',
  '"session_token":',
  '"toString"',
  '[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[',
  'x'.repeat(5_000)
]

/** Makes mutants; the same seed makes the same ones. */
export class Mutations {
  readonly #random: Random

  constructor (seed: number) {
    this.#random = new Random(seed)
  }

  /** One of these. */
  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.#random.integer(0, items.length - 1)]
    if (item === undefined) throw new Error('There is nothing to pick from.')
    return item
  }

  /** One of these inputs with one to four changes, or now and then bytes that were never an input. */
  mutant (inputs: readonly string[]): Buffer {
    if (this.#random.chance(0.05)) return this.#noise()
    let bytes: Buffer = Buffer.from(this.pick(inputs))
    for (let step = this.#random.integer(1, MAX_STEPS); step > 0; step--) bytes = this.#change(bytes)
    return bytes
  }

  #noise (): Buffer {
    return Buffer.from(Array.from({ length: this.#random.integer(0, 200) }, () => this.#random.integer(0, 255)))
  }

  #change (bytes: Buffer): Buffer {
    const start = this.#random.integer(0, bytes.length)
    const end = Math.min(bytes.length, start + this.#random.integer(0, 12))
    const [head, span, tail] = [bytes.subarray(0, start), bytes.subarray(start, end), bytes.subarray(end)]
    switch (this.#random.integer(0, 4)) {
      case 0:
        return Buffer.concat([head, tail])
      case 1:
        return Buffer.concat([head, span, span, tail])
      case 2:
        return Buffer.concat([head, Buffer.from(this.pick(TOKENS)), tail])
      case 3:
        return Buffer.concat([head, span, Buffer.from(this.pick(TOKENS)), tail])
      default: {
        const flipped = Buffer.from(bytes)
        if (start < flipped.length) flipped[start] = this.#random.integer(0, 255)
        return flipped
      }
    }
  }
}
