import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import t from '../../support/tap.ts'
import { FairQueue } from '../../../src/lib/fair-queue.ts'
import { seedOf } from '../../support/data/random.ts'

/** Work that ends when it is told to; its starts are noted. */
class Work {
  readonly started: string[] = []
  readonly #queue: FairQueue
  readonly #ends: (() => void)[] = []

  constructor (queue: FairQueue) {
    this.#queue = queue
  }

  add (key: number, name: string): void {
    void this.#queue.run(key, () => {
      this.started.push(name)
      return new Promise<void>((resolve) => this.#ends.push(resolve))
    })
  }

  /** Ends the oldest piece of work. @returns whether there was one */
  async endOne (): Promise<boolean> {
    const end = this.#ends.shift()
    end?.()
    await turn()
    return end !== undefined
  }
}

t.test('users take turns, whatever the amount of their work', async (t) => {
  const work = new Work(new FairQueue({ concurrency: 2, perKey: 1 }))
  for (let index = 0; index < 100; index++) work.add(1, `1.${String(index)}`)
  work.add(2, '2.0')
  work.add(2, '2.1')
  work.add(3, '3.0')
  await turn()
  t.strictSame(work.started, ['1.0', '2.0'])
  for (let index = 0; index < 3; index++) await work.endOne()
  t.strictSame(work.started, ['1.0', '2.0', '3.0', '1.1', '2.1'])
  let ended = 3
  while (await work.endOne()) ended++
  t.equal(ended, 103)
})

t.test('never is more going on than may be, and all of it is done', async (t) => {
  const [concurrency, perKey] = [3, 2]
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: -1, max: 4 }), { maxLength: 60 }), async (steps) => {
      const queue = new FairQueue({ concurrency, perKey })
      const running = new Map<number, number>()
      const ends: (() => void)[] = []
      let [done, most] = [0, 0]
      const add = (key: number) => void queue.run(key, async () => {
        running.set(key, (running.get(key) ?? 0) + 1)
        t.ok((running.get(key) ?? 0) <= perKey)
        most = Math.max(most, [...running.values()].reduce((sum, count) => sum + count, 0))
        await new Promise<void>((resolve) => ends.push(resolve))
        running.set(key, (running.get(key) ?? 0) - 1)
        done++
        if (done % 3 === 0) throw new Error('work may fail')
      }).catch(() => undefined)
      for (const step of steps) {
        if (step >= 0) add(step)
        else ends.shift()?.()
        await turn()
      }
      for (let end = ends.shift(); end !== undefined; end = ends.shift()) {
        end()
        await turn()
      }
      t.ok(most <= concurrency)
      t.equal(done, steps.filter((step) => step >= 0).length)
    }),
    { seed: seedOf(t), numRuns: 50 }
  )
})
