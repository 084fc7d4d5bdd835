import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { lstat, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { sql } from 'drizzle-orm'
import t, { type Test } from '../../support/tap.ts'
import { FolderInUseError } from '../../../src/store/embedded/errors.ts'
import { lockFolder } from '../../../src/store/embedded/folder-lock.ts'
import { openPglite } from '../../../src/store/pglite.ts'
import { findUserByName } from '../../../src/store/users.ts'
import { testDatabase } from './suite.ts'
import { addUser } from '../../support/data/rows.ts'
import { within } from '../../support/deadline.ts'

const DEADLINE_MS = 30_000

t.setTimeout(300_000)

await t.test('the embedded store keeps the contract', async (t) => {
  const database = await openPglite()
  t.teardown(() => database.close())
  t.equal(database.description, 'embedded store in memory')
  t.strictSame(await database.missingMigrations(), [])
  // It has one connection only.
  await testDatabase(t, [database.orm])
})

await t.test('a store that is opened again has its data, and each migration once', async (t) => {
  const folder = path.join(t.testdir(), 'made', 'for', 'it')
  const first = await openPglite(folder)
  const { username } = await addUser(first.orm)
  const migrations = await countMigrations(first.orm)
  await t.rejects(openPglite(folder), FolderInUseError, 'while it is open, it cannot be opened once more')
  await first.close()
  const second = await openPglite(folder)
  t.teardown(() => second.close())
  t.ok(await findUserByName(second.orm, username))
  t.equal(await countMigrations(second.orm), migrations)
  t.match(second.description, folder)
  t.equal((await stat(folder)).mode & 0o777, 0o700, 'the folder is for its owner only')
})

await t.test('a store that cannot be opened lets go of its folder', async (t) => {
  const folder = t.testdir({ store: 'a file where a folder belongs' })
  await t.rejects(openPglite(folder))
  const unlock = await lockFolder(folder)
  await unlock()
})

await t.test('a folder is locked once, and free again afterwards', async (t) => {
  const folder = t.testdir()
  for (let round = 0; round < 3; round++) {
    const unlock = await lockFolder(folder)
    await t.rejects(lockFolder(folder), FolderInUseError)
    await unlock()
  }
  const [one, two] = [path.join(folder, 'one'), path.join(folder, 'two')]
  await Promise.all([mkdir(one), mkdir(two)])
  const unlocks = await Promise.all([lockFolder(one), lockFolder(two)])
  await Promise.all(unlocks.map((unlock) => unlock()))
})

await t.test('what a killed process leaves behind is no obstacle', async (t) => {
  // A path that is short enough for a socket.
  const folder = await mkdtemp(path.join(os.tmpdir(), 'confab-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const socketPath = path.join(folder, 'lock.1')
  await leaveDeadSocket(t, socketPath)
  t.ok((await lstat(socketPath)).isSocket())
  await (
    await lockFolder(folder)
  )()

  await leaveDeadSocket(t, path.join(folder, 'lock.9'))
  const outcomes = await Promise.allSettled([lockFolder(folder), lockFolder(folder), lockFolder(folder)])
  const unlocks = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  t.equal(unlocks.length, 1, 'of several that find it one takes the lock')
  await Promise.all(unlocks.map((unlock) => unlock()))

  await writeFile(path.join(folder, 'lock.99'), '')
  await (
    await lockFolder(folder)
  )()
})

await t.test('two names of one folder are one lock', async (t) => {
  const folder = t.testdir({ data: {}, alias: t.fixture('symlink', 'data') })
  const unlock = await lockFolder(path.join(folder, 'data'))
  await t.rejects(lockFolder(path.join(folder, 'alias')), FolderInUseError)
  await t.rejects(lockFolder(path.join(folder, 'data', '..', 'data')), FolderInUseError)
  await unlock()
})

async function countMigrations (orm: Awaited<ReturnType<typeof openPglite>>['orm']): Promise<number> {
  const rows = await orm.select({ count: sql<number>`count(*)::int` }).from(sql`drizzle.__drizzle_migrations`)
  return rows[0]?.count ?? 0
}

/** Has a process listen on a Unix socket and kills it. */
async function leaveDeadSocket (t: Test, socketPath: string): Promise<void> {
  const child = spawn(
    process.execPath,
    ['-e', 'require("net").createServer().listen(process.argv[1], () => console.log("listening"))', socketPath],
    { env: {}, stdio: ['ignore', 'pipe', 'inherit'] }
  )
  t.teardown(() => child.kill('SIGKILL'))
  await within(once(child.stdout, 'data'), DEADLINE_MS, 'a process to listen')
  child.kill('SIGKILL')
  await within(once(child, 'exit'), DEADLINE_MS, 'it to end')
}
