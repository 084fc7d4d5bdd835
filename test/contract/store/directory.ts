/** What the list of accounts owes: every active account once, under gapless numbers, on any page at the same cost. */
import { asc, isNotNull } from 'drizzle-orm'
import type { Test } from 'tap'
import { listDirectory, numberAccounts } from '../../../src/store/directory.ts'
import { users } from '../../../src/store/schema.ts'
import { activateUser } from '../../../src/store/users.ts'
import { addUser, newUser, pick, type Connections } from '../../support/data/rows.ts'

const AT_ONCE = 20

/** Runs the suite on the handles of one store. */
export async function testDirectory (t: Test, connections: Connections): Promise<void> {
  const [orm] = connections
  const number = () => orm.transaction((tx) => numberAccounts(tx))
  const total = async () => (await listDirectory(orm, { offset: 0, limit: 1 })).totalCount

  await t.test('accounts that become active at once get the next numbers, without a gap', async (t) => {
    await number()
    const before = await total()
    await Promise.all(
      Array.from({ length: AT_ONCE }, async (_, index) => {
        const { id } = await addUser(orm, { ...newUser(), isActive: false })
        await pick(connections, index).transaction(async (tx) => {
          await activateUser(tx, id)
          await numberAccounts(tx)
        })
      })
    )
    t.equal(await total(), before + AT_ONCE)
    const rows = await orm
      .select({ position: users.directoryPosition })
      .from(users)
      .where(isNotNull(users.directoryPosition))
      .orderBy(asc(users.directoryPosition))
    t.strictSame(
      rows.map(({ position }) => position),
      rows.map((_, index) => index + 1)
    )
  })

  await t.test('a pending account has no number, and one that was overlooked gets it later', async (t) => {
    await number()
    const before = await total()
    await addUser(orm, { ...newUser(), isActive: false })
    const overlooked = await addUser(orm)
    t.equal(await total(), before)
    await number()
    const { items, totalCount } = await listDirectory(orm, { offset: before, limit: 10 })
    t.equal(totalCount, before + 1)
    t.hasStrict(items, [{ id: overlooked.id, username: overlooked.username, displayName: overlooked.displayName }])
    await number()
    t.equal(await total(), before + 1, 'nobody is numbered twice')
  })

  await t.test('pages hold everybody once, and behind the last there is nothing but the total', async (t) => {
    await number()
    const totalCount = await total()
    const seen: number[] = []
    for (let offset = 0; offset < totalCount; offset += 7) {
      const page = await listDirectory(orm, { offset, limit: 7 })
      t.equal(page.totalCount, totalCount)
      seen.push(...page.items.map(({ id }) => id))
    }
    t.equal(new Set(seen).size, totalCount)
    t.equal(seen.length, totalCount)
    for (const offset of [totalCount, totalCount + 7, Number.MAX_SAFE_INTEGER * 100]) {
      t.strictSame(await listDirectory(orm, { offset, limit: 7 }), { items: [], totalCount })
    }
  })
}
