/** A breaker lets nothing through after failures, until an attempt succeeds. */
import t from '../../support/tap.ts'
import { Breaker } from '../../../src/lib/breaker.ts'

await t.test('failures in a row open it, and one attempt after a pause that grows', async (t) => {
  let now = 0
  const breaker = new Breaker({ failures: 3, pauseMs: 100, maxPauseMs: 300 }, () => now)
  const fail = () => {
    t.ok(breaker.tryEnter())
    breaker.note(false)
  }
  fail()
  fail()
  t.ok(breaker.tryEnter())
  breaker.note(true)
  fail()
  fail()
  t.notOk(breaker.isOpen, 'a success in between')
  fail()
  for (const pause of [100, 200, 300, 300]) {
    t.ok(breaker.isOpen)
    now += pause - 1
    t.notOk(breaker.tryEnter())
    now += 1
    t.ok(breaker.tryEnter())
    t.notOk(breaker.tryEnter(), 'one at a time')
    breaker.note(false)
  }
  now += 300
  t.ok(breaker.tryEnter())
  breaker.note(true)
  t.notOk(breaker.isOpen)
  for (let count = 0; count < 5; count++) t.ok(breaker.tryEnter(), 'all are let through')
  for (let count = 0; count < 5; count++) breaker.note(false)
  now += 99
  t.notOk(breaker.tryEnter(), 'failures of those that were on their way do not lengthen the pause')
  now += 1
  t.ok(breaker.tryEnter())
})
