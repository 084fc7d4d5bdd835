/** What the rates port promises, whichever adapter counts. */
import type { Test } from 'tap'
import type { RateLimiter } from '../../../src/rate-limits/rate-limiter.ts'
import { uniqueName } from '../../support/clients/http.ts'

const MINUTE_MS = 60_000

/** Runs the suite on an adapter, and on a second one that shares its counts. */
export async function testRates (t: Test, one: RateLimiter, other: RateLimiter): Promise<void> {
  const rateOf = (max: number) => ({ name: uniqueName('rate-'), max, windowMs: MINUTE_MS })

  await t.test('so many are counted, then one has to wait for the end of the window', async (t) => {
    const rate = rateOf(3)
    for (const rates of [one, other, one]) t.equal(await rates.take(rate, 'key'), 0)
    for (const rates of [one, other]) {
      const wait = await rates.take(rate, 'key')
      t.ok(wait > 0 && wait <= MINUTE_MS, `wait ${String(wait)} ms`)
    }
    t.equal(await one.take(rate, 'other key'), 0, 'another key is another count')
    t.equal(await one.take(rateOf(3), 'key'), 0, 'another rate too')
  })

  await t.test('what is left of a window is told', async (t) => {
    const rate = rateOf(2)
    for (const [index, rates] of [one, other].entries()) {
      const { waitMs, left, endsInMs } = await rates.draw(rate, 'key')
      t.strictSame([waitMs, left], [0, 1 - index])
      t.ok(endsInMs > 0 && endsInMs <= MINUTE_MS)
    }
    const { waitMs, left, endsInMs } = await one.draw(rate, 'key')
    t.ok(waitMs > 0 && endsInMs >= waitMs)
    t.equal(left, 0)
    t.not(await other.take(rate, 'key'), 0, 'it is the same count')
  })

  await t.test('of many at once exactly so many are counted', async (t) => {
    const rate = rateOf(5)
    const waits = await Promise.all(
      Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? one : other).take(rate, 'key'))
    )
    t.equal(waits.filter((wait) => wait === 0).length, 5)
  })

  await t.test('what is given back has room again, and never more than there was', async (t) => {
    const rate = rateOf(2)
    await one.refund(rate, 'key')
    for (const rates of [one, other]) t.equal(await rates.take(rate, 'key'), 0)
    t.not(await one.take(rate, 'key'), 0)
    await other.refund(rate, 'key')
    t.equal(await one.take(rate, 'key'), 0)
    t.not(await one.take(rate, 'key'), 0)
  })

  await t.test('a count can be asked for and cleared', async (t) => {
    const rate = rateOf(1)
    t.equal(await one.isTaken(rate, 'key'), false)
    await one.take(rate, 'key')
    t.equal(await other.isTaken(rate, 'key'), true)
    await other.clear(rate, 'key')
    t.equal(await one.isTaken(rate, 'key'), false)
    t.equal(await one.take(rate, 'key'), 0)
    await one.refund(rate, 'key')
    t.equal(await one.isTaken(rate, 'key'), false, 'nor is what was given back')
  })
}
