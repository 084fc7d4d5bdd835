import { stat } from 'node:fs/promises'
import path from 'node:path'
import { sql } from 'drizzle-orm'
import t from '../../support/tap.ts'
import type { Database } from '../../../src/store/database.ts'
import { FolderInUseError } from '../../../src/store/embedded/errors.ts'
import { lockFolder } from '../../../src/store/embedded/folder-lock.ts'
import { findUserByName } from '../../../src/store/users.ts'
import { addUser } from '../../support/data/rows.ts'
import { createStore, openDatabase } from '../../support/servers/database.ts'
import { openEmbeddedStore } from '../../support/servers/embedded-store.ts'
import { engineUrl } from '../../support/servers/engine.ts'
import { temporaryFolder } from '../../support/servers/program.ts'
import { testDatabase } from './suite.ts'

await t.test('the Postgres of the embedded store keeps the contract', async (t) => {
  const url = await createStore(t, engineUrl())
  const open = () => openDatabase(t, url, { pool: 3 })
  const [first, ...others] = [await open(), await open(), await open()]
  t.strictSame(await first.missingMigrations(), [])
  await testDatabase(t, [first.orm, ...others.map(({ orm }) => orm)])
})

await t.test('a store that is opened again has its data, and each migration once', async (t) => {
  const folder = path.join(await temporaryFolder(t), 'made', 'for', 'it')
  const first = await openEmbeddedStore(folder)
  const { username } = await addUser(first.orm)
  const migrations = await countMigrations(first)
  await t.rejects(openEmbeddedStore(folder), FolderInUseError, 'while it is open, it cannot be opened once more')
  await first.close()
  const second = await openEmbeddedStore(folder)
  t.teardown(() => second.close())
  t.ok(await findUserByName(second.orm, username))
  t.equal(await countMigrations(second), migrations)
  t.match(second.description, folder)
  t.equal((await stat(folder)).mode & 0o777, 0o700, 'the folder is for its owner only')
})

await t.test('a store that cannot be opened lets go of its folder', async (t) => {
  const folder = t.testdir({ postgres: 'a file where a folder belongs' })
  await t.rejects(openEmbeddedStore(folder))
  const unlock = await lockFolder(folder)
  await unlock()
})

async function countMigrations ({ orm }: Database): Promise<number> {
  const rows = await orm.select({ count: sql<number>`count(*)::int` }).from(sql`drizzle.__drizzle_migrations`)
  return rows[0]?.count ?? 0
}
