import t from '../../support/tap.ts'
import { createMemoryPresence } from '../../../src/presence/memory.ts'
import { MAX_REMEMBERED_USERS } from '../../../src/presence/leases.ts'
import { testPresence } from './suite.ts'

t.test('keeps the contract', async (t) => {
  const leases = createMemoryPresence()
  await testPresence(t, leases, leases)
})

t.test('those who left first are forgotten first', async (t) => {
  const leases = createMemoryPresence()
  await leases.update([], new Map([[1, 1], [2, 2]]))
  await leases.update([], new Map([[1, 3]]))
  await leases.update([], new Map(Array.from({ length: MAX_REMEMBERED_USERS - 1 }, (_, index) => [10 + index, 4])))
  const found = await leases.find([1, 2])
  t.strictSame([1, 2].map((userId) => found.get(userId)?.lastSeenAt), [3, undefined])
})
