import { PGlite } from '@electric-sql/pglite'
import { drizzle } from 'drizzle-orm/pglite'
import { migrate } from 'drizzle-orm/pglite/migrator'
import { mkdir, readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import t, { type Test } from '../support/tap.ts'
import { createPasswordHasher } from '../../src/domain/accounts/passwords.ts'
import { findInstalledBinaries, type PostgresBinaries } from '../../src/store/embedded/binaries.ts'
import { currentUser, findNamespace } from '../../src/store/embedded/identity.ts'
import { initialize } from '../../src/store/embedded/initialize.ts'
import { connectTo } from '../../src/store/embedded/moving/client.ts'
import { serveCluster } from '../../src/store/embedded/serve-cluster.ts'
import { startEmbeddedPostgres } from '../../src/store/embedded/start.ts'
import { copyMigrations, listMigrations } from '../../src/store/migrations.ts'
import { migratePostgres } from '../../src/store/postgres/open.ts'
import { call } from '../support/clients/http.ts'
import { signIn } from '../support/clients/visitor.ts'
import { listAt } from '../support/data/json.ts'
import { eventually } from '../support/deadline.ts'
import { isServiceRequired } from '../support/servers/deployments.ts'
import { spawnReplica } from '../support/servers/process.ts'
import { runConfab, runToEnd, temporaryFolder } from '../support/servers/program.ts'

/** The versions whose programs may be installed here beside those that the server uses. */
const OLDER_MAJORS = [17, 16, 15]

t.setTimeout(300_000)

/** The last migration of 0.1. */
const LAST_MIGRATION = '0005_suspend_accounts'

const COST = { memoryKiB: 64, passes: 1 }
const ANN = { username: 'ann', email: 'ann@example.org', password: 'A-Pass-of-ann-9' }
const passwords = await createPasswordHasher({ cost: COST, concurrency: 1, queue: 1 })

/** Rows with whatever could be mistaken for the syntax of a dump. */
const FILLING = [
  `insert into users (username, username_key, display_name, email, email_key, password_hash, activated_at)
     select n, n, n, n || '@example.org', n || '@example.org', '${await passwords.hash(ANN.password)}', now()
     from unnest(array['ann', 'bob']) as n`,
  'insert into chats (user_low, user_high) values (1, 2)',
  'insert into chat_heads (chat_id, last_seq) values (1, 300)',
  'insert into participants (chat_id, user_id, read_seq) values (1, 1, 12), (1, 2, 0)',
  `insert into messages (chat_id, seq, author_id, post_key, body)
     select 1, n, 1, n, n || E'\\\\ "\\t\\r\\n\\u2028\\u0001 \\\\N 🙂' from generate_series(1, 300) as n`,
  'delete from messages where seq = 7',
  'update epochs set counter = 5'
]
const TABLES = ['users', 'chats', 'chat_heads', 'participants', 'messages', 'epochs', 'sessions']

type Contents = Map<string, readonly unknown[]>

/** All that is in a store, table by table. */
async function contentsOf (query: (sql: string) => Promise<readonly unknown[]>): Promise<Contents> {
  const contents: Contents = new Map()
  for (const table of TABLES) contents.set(table, await query(`select to_jsonb(t) as row from ${table} t order by t`))
  return contents
}

/** That a moved store holds what the old one held, and goes on where that one ended. */
async function checkMoved (t: Test, dataDir: string, before: Contents) {
  const server = await startEmbeddedPostgres({ dataDir })
  const client = connectTo(server.url)
  try {
    await migratePostgres({ url: server.url, pool: 1, prepare: true, timeoutMs: 0 })
    const after = await contentsOf((sql) => client.unsafe(sql))
    for (const [table, rows] of before) {
      t.equal(after.get(table)?.length, rows.length, `as many ${table}`)
      // Later migrations may have added to them.
      t.match(after.get(table), rows, `the same ${table}`)
    }
    const inserted = await client`insert into chats (user_low, user_high) values (1, 3) returning id::text`
    t.strictSame([...inserted], [{ id: '2' }], 'the next number follows the last')
    const again = client`insert into chats (user_low, user_high) values (1, 2)`
    await t.rejects(again, { code: '23505' }, 'with its indexes')
  } finally {
    await client.end()
    await server.stop()
  }
}

/** That a server with nothing configured indexes what is there, by itself. */
async function checkFound (t: Test, dataDir: string) {
  const server = await spawnReplica(t, { DATA_DIR: dataDir, HASH_MEMORY: String(COST.memoryKiB) })
  const token = await signIn(server, ANN)
  const find = () => call(`${server.url}/v1/search/messages?q=250`, 'GET', { bearer: token })
  t.ok(await eventually(async () => listAt((await find()).body, 'items').length === 1), 'old messages are found')
  server.kill('SIGTERM')
  await server.exited
}

/** The migrations of 0.1, in a folder. */
async function legacyMigrations (t: Test): Promise<string> {
  const folder = path.join(await temporaryFolder(t), 'migrations')
  const last = (await listMigrations()).find(({ tag }) => tag === LAST_MIGRATION)
  await copyMigrations(last?.when ?? 0, folder)
  return folder
}

/** Every file of a folder, with the time of its last change. */
async function filesOf (folder: string): Promise<string[]> {
  const names = (await readdir(folder, { recursive: true })).sort()
  return Promise.all(names.map(async (name) => `${name} ${String((await stat(path.join(folder, name))).mtimeMs)}`))
}

await t.test('a store of 0.1 is refused and left alone until it is moved, and stays', async (t) => {
  const dataDir = await temporaryFolder(t)
  const store = path.join(dataDir, 'store')
  const pglite = await PGlite.create({ dataDir: store })
  await migrate(drizzle(pglite), { migrationsFolder: await legacyMigrations(t) })
  for (const statement of FILLING) await pglite.exec(statement)
  const before = await contentsOf(async (sql) => (await pglite.query(sql)).rows)
  await pglite.close()
  const files = await filesOf(store)
  const environment = { DATA_DIR: dataDir }

  t.match(await runToEnd(environment), {
    code: 1,
    stderr: /holds a store of Confab 0\.1, which this version does not open: move it with confab migrate-embedded\.\n$/
  })
  t.notOk((await readdir(dataDir)).includes('postgres'))
  t.match(await runConfab(['migrate-embedded'], environment), { code: 0, stdout: /^The embedded store is made\. The old/ })
  await checkMoved(t, dataDir, before)
  await checkFound(t, dataDir)
  t.strictSame(await filesOf(store), files, 'the old one is as it was')
  t.match(await runConfab(['migrate-embedded'], environment), { code: 1, stderr: /has an embedded store of this version/ })
  t.strictSame((await readdir(dataDir)).filter((name) => /^moving-|\.moving/.test(name)), [], 'nothing else is left')
})

await t.test('there is nothing to move where there is nothing', async (t) => {
  const environment = { DATA_DIR: await temporaryFolder(t) }
  t.match(await runConfab(['migrate-embedded'], environment), { code: 1, stderr: /holds no store of Confab 0\.1\.\n$/ })
  t.match(await runConfab(['upgrade-embedded'], environment), { code: 1, stderr: /has no embedded store\.\n$/ })
})

/** Programs of an older version, if there are any on this machine. */
async function findOlder (t: Test): Promise<PostgresBinaries | undefined> {
  const workFolder = await temporaryFolder(t)
  for (const major of OLDER_MAJORS) {
    const binaries = await findInstalledBinaries({ workFolder, searchPath: process.env['PATH'], major })
    if (binaries !== undefined) return binaries
  }
  return undefined
}

await t.test('a store of an older version of Postgres is moved to the newer one, and stays', async (t) => {
  const binaries = await findOlder(t)
  if (binaries === undefined) {
    if (isServiceRequired()) t.fail('there is no older Postgres')
    else t.comment('SKIPPED the upgrade: there is no older Postgres on this machine.')
    return
  }
  const dataDir = await temporaryFolder(t)
  const folder = path.join(dataDir, 'postgres')
  await mkdir(folder, { mode: 0o700 })
  const identity = currentUser().uid === 0 ? await findNamespace(binaries.postgres, folder) : { kind: 'same' as const }
  if (identity === undefined) throw new Error('Postgres cannot be run here by root.')
  await initialize(folder, identity, binaries, { fsync: false })
  const server = await serveCluster({ folder, identity, binaries }, { fsync: false })
  await migratePostgres({ url: server.url, pool: 1, prepare: true, timeoutMs: 0 }, await legacyMigrations(t))
  const client = connectTo(server.url)
  for (const statement of FILLING) await client.unsafe(statement)
  const before = await contentsOf((sql) => client.unsafe(sql))
  await client.end()
  await server.stop()
  const environment = { DATA_DIR: dataDir }

  t.match(await runToEnd(environment), { code: 1, stderr: /cannot open it: run confab upgrade-embedded\.\n$/ })
  t.match(await runConfab(['upgrade-embedded'], environment), { code: 0, stdout: /^The embedded store is upgraded\. The/ })
  await checkMoved(t, dataDir, before)
  const old = path.join(dataDir, `postgres-${String(binaries.major)}`)
  t.equal(await readFile(path.join(old, 'PG_VERSION'), 'utf8'), `${String(binaries.major)}\n`, 'the old one is there')
  t.match(await runConfab(['upgrade-embedded'], environment), { code: 1, stderr: /there is nothing to do\.\n$/ })
})
