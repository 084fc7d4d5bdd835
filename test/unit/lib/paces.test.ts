import t from '../../support/tap.ts'
import { Paces } from '../../../src/lib/paces.ts'

/** More than are kept without a look for those that are full. */
const MANY_KEYS = 5_000

let nowMs = 0
const paces = () => new Paces({ perSecond: 10, burst: 50 }, () => nowMs)

t.test('after a burst each taker waits for its own turn, and a rest makes room for another burst', (t) => {
  const own = paces()
  for (let taken = 0; taken < 50; taken++) t.equal(own.take(1, 1), 0)
  t.strictSame([own.take(1, 1), own.take(1, 1), own.take(1, 3)], [100, 200, 500])
  t.equal(own.take(2, 1), 0, 'another key is not concerned')
  nowMs += 400
  t.equal(own.take(1, 0), 100, 'the debt is paid with time')
  nowMs += 1_000
  t.equal(own.take(1, 9), 0)
  t.equal(own.take(1, 1), 100)
  nowMs += 1_000_000
  t.equal(own.take(1, 50), 0)
  t.equal(own.take(1, 1), 100, 'a long rest makes no more than a burst')
  t.end()
})

t.test('a wait that would be too long takes nothing', (t) => {
  const own = paces()
  own.take(1, 50)
  t.strictSame([own.take(1, 5, 500), own.take(1, 1, 500), own.take(1, 1, 600)], [500, undefined, 600])
  t.end()
})

t.test('keys at rest are forgotten, others are not', (t) => {
  const own = paces()
  for (let key = 0; key < MANY_KEYS; key++) own.take(key, 50)
  t.equal(own.size, MANY_KEYS)
  nowMs += 3_000
  own.take(0, 80)
  nowMs += 3_000
  for (let key = MANY_KEYS; key < 3 * MANY_KEYS; key++) own.take(key, 1)
  t.ok(own.size <= 2 * MANY_KEYS + 1, String(own.size))
  t.equal(own.take(0, 1), 2_100)
  t.end()
})
