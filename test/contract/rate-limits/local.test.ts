import t from '../../support/tap.ts'
import { createLocalRateLimiter } from '../../../src/rate-limits/local.ts'
import { UNLIMITED } from '../../../src/rate-limits/rate-limiter.ts'
import { testRates } from './suite.ts'

t.test('counts in this process', async (t) => {
  const rates = createLocalRateLimiter()
  await testRates(t, rates, rates)
})

t.test('a window ends after its time, whatever was tried meanwhile', async (t) => {
  let now = 1_000
  const rates = createLocalRateLimiter(() => now)
  const rate = { name: 'x', max: 1, windowMs: 100 }
  t.equal(await rates.take(rate, 'key'), 0)
  for (now of [1_000, 1_030, 1_099]) t.equal(await rates.take(rate, 'key'), 1_100 - now)
  now = 1_100
  t.equal(await rates.isTaken(rate, 'key'), false)
  t.equal(await rates.take(rate, 'key'), 0)
  t.equal(await rates.take(rate, 'key'), 100)
})

t.test('made-up keys do not fill the memory: the oldest are forgotten, of the same rate only', async (t) => {
  const rates = createLocalRateLimiter()
  const [flooded, other] = ['flooded', 'other'].map((name) => ({ name, max: 1, windowMs: 60_000 }))
  if (flooded === undefined || other === undefined) throw new Error('There are two rates.')
  for (const rate of [flooded, other]) await rates.take(rate, 'first')
  for (let index = 0; index < 20_000; index++) await rates.take(flooded, String(index))
  t.equal(await rates.isTaken(flooded, 'first'), false)
  t.equal(await rates.isTaken(flooded, '0'), true)
  t.equal(await rates.isTaken(other, 'first'), true)
})

t.test('without limits there is always room', async (t) => {
  const rate = { name: 'x', max: 1, windowMs: 60_000 }
  for (let count = 0; count < 5; count++) t.equal(await UNLIMITED.take(rate, 'key'), 0)
  t.equal(await UNLIMITED.isTaken(rate, 'key'), false)
})
