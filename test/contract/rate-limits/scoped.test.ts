import t from '../../support/tap.ts'
import { createLocalRateLimiter } from '../../../src/rate-limits/local.ts'
import { createScopedRateLimiter } from '../../../src/rate-limits/scoped.ts'
import { testRates } from './suite.ts'

t.test('counts as the rates below it do', async (t) => {
  const rates = createScopedRateLimiter(createLocalRateLimiter(), () => 'scope')
  await testRates(t, rates, rates)
})

t.test('installations that count in the same place count apart', async (t) => {
  const place = createLocalRateLimiter()
  const [one, other] = ['one', 'other'].map((scope) => createScopedRateLimiter(place, () => scope))
  const rate = { name: 'x', max: 1, windowMs: 60_000 }
  t.equal(await one?.take(rate, 'key'), 0)
  t.equal(await other?.isTaken(rate, 'key'), false)
  t.equal(await other?.take(rate, 'key'), 0)
  t.ok(Number(await one?.take(rate, 'key')) > 0)
})
