/** What the list of accounts owes: every active account once, under gapless numbers, on any page at the same cost. */
import { asc, isNotNull } from 'drizzle-orm'
import type { Test } from 'tap'
import { listDirectory, numberAccounts, searchDirectory } from '../../../src/store/directory.ts'
import { users } from '../../../src/store/schema.ts'
import { activateUser } from '../../../src/store/users.ts'
import { uniqueName } from '../../support/clients/http.ts'
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

  await t.test('a search finds who begins with the text by either name, in any case, by username', async (t) => {
    const name = uniqueName('Zo\u00eb ')
    const made = ['b', 'a', 'c'].map((letter) => ({
      ...newUser(uniqueName(`${letter}-`)), displayName: `${name} ${letter}%_`
    }))
    for (const user of made) await addUser(orm, user)
    await addUser(orm, { ...newUser(), displayName: `${name} pending`, isActive: false })
    await addUser(orm, { ...newUser(), displayName: `Not ${name}` })
    await number()
    const find = async (text: string, offset = 0, limit = 10) => {
      const { items, totalCount } = await searchDirectory(orm, text, { offset, limit })
      return { names: items.map(({ username }) => username), totalCount }
    }
    const [b, a, c] = made.map(({ username }) => username)
    t.strictSame(await find(name), { names: [a, b, c], totalCount: 3 })
    // The locale of a database may know ASCII letters only.
    const shouted = name.toUpperCase().replace('\u00cb', '\u00eb')
    t.strictSame(await find(shouted), { names: [a, b, c], totalCount: 3 })
    t.strictSame(await find(name, 1, 1), { names: [b], totalCount: 3 })
    t.strictSame(await find(name, 3), { names: [], totalCount: 3 })
    t.strictSame(await find(`${name} b%`), { names: [b], totalCount: 1 })
    t.strictSame((await find(a?.toUpperCase() ?? '')).names, [a])
    for (const text of [`${a ?? ''}x`, '%', '_', '\u{10ffff}']) t.strictSame((await find(text)).names, [], text)
  })
}
