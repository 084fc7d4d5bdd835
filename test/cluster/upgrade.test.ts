import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import postgres from 'postgres'
import { promisify } from 'node:util'
import t, { type Test } from '../support/tap.ts'
import { listMigrations } from '../../src/store/migrations.ts'
import { call } from '../support/clients/http.ts'
import { connect, join, type Frame, type SocketClient } from '../support/clients/socket.ts'
import { at, integerAt } from '../support/data/json.ts'
import { Outbox } from '../support/data/outbox.ts'
import { eventually, within } from '../support/deadline.ts'
import { JWT_SECRET, type Services } from '../support/servers/cluster.ts'
import { withServices } from '../support/servers/deployments.ts'
import { freePort, launch, ROOT, spawnReplica, type ReplicaProcess } from '../support/servers/process.ts'
import { runConfab, temporaryFolder } from '../support/servers/program.ts'
import { buildCommit, findPreviousCommit } from '../support/servers/commit-build.ts'
import { createDatabase } from '../support/servers/database.ts'
import { layOutOldTables } from '../support/servers/old-tables.ts'
import { openChat, readHistory, signUp } from '../support/clients/visitor.ts'

const DEADLINE_MS = 60_000
const POSTS = 30
const exec = promisify(execFile)

t.setTimeout(300_000)
const newest = (await listMigrations()).at(-1)?.tag ?? ''

/** What replicas of one installation share, and a folder for their mails. */
async function share (t: Test, { databaseUrl, redisUrl }: Services): Promise<Record<string, string>> {
  const url = await createDatabase(t, databaseUrl)
  return {
    DATABASE_URL: url,
    DATABASE_POOL: '4',
    DATABASE_MIGRATE: 'off',
    REDIS_URL: redisUrl,
    REDIS_PREFIX: `${new URL(url).pathname.slice(1)}:`,
    JWT_SECRET,
    DATA_DIR: await temporaryFolder(t),
    MAIL_TRANSPORT: 'file',
    RATE_LIMITS: 'off',
    HOST: '127.0.0.1'
  }
}

const isAck = (frame: Frame) => frame['type'] === 'ack'

/** Posts on one replica, and reads on all. @returns when everybody has everything */
async function expectDelivery (t: Test, replicas: readonly ReplicaProcess[], outbox: Outbox): Promise<void> {
  const [first] = replicas
  if (first === undefined) throw new Error('There is no replica.')
  const [ann, bob] = [await signUp(first, outbox), await signUp(first, outbox)]
  const chatID = await openChat(first, ann, bob)
  const readers = await Promise.all(replicas.map((replica) => join(t, replica, bob.token, chatID)))
  const writers: SocketClient[] = await Promise.all(replicas.map((replica) => connect(t, replica, ann.token)))
  for (let index = 0; index < POSTS; index++) {
    const writer = writers[index % writers.length]
    writer?.send({ type: 'post_msg', chatID, text: String(index), ref: index })
    await writer?.next((frame) => isAck(frame) && frame['ref'] === index, DEADLINE_MS)
  }
  const seqs = Array.from({ length: POSTS }, (_, index) => index + 1)
  for (const reader of readers) {
    const seen: number[] = []
    while (seen.length < POSTS)
      seen.push(integerAt(await reader.next((frame) => frame['type'] === 'new_message', DEADLINE_MS), 'seq'))
    t.strictSame(seen, seqs)
  }
  for (const replica of replicas)
    t.strictSame(
      (await readHistory(replica, ann, chatID)).map(({ message }) => message),
      seqs.map((seq) => String(seq - 1))
    )
}

await withServices(
  t,
  'a replica whose tables are too old waits for somebody to migrate them, and says so',
  async (t, services) => {
    const environment = await share(t, services)
    await layOutOldTables(t, environment['DATABASE_URL'] ?? '')
    const port = String(await freePort())
    const starting = launch(t, {
      command: process.execPath,
      parameters: ['dist/main.js'],
      cwd: ROOT,
      environment: { ...environment, PORT: port }
    })
    starting.catch(() => undefined)
    const probe = async (path: string) =>
      call(`http://127.0.0.1:${port}${path}`, 'GET').then(
        ({ status, body }) => ({ status, body }),
        () => undefined
      )
    t.ok(await eventually(async () => (await probe('/livez'))?.status === 200, DEADLINE_MS), 'it is alive')
    const isStarting = async () => at((await probe('/readyz'))?.body, 'status') === 'starting'
    t.ok(await eventually(async () => !await isStarting(), DEADLINE_MS))
    t.strictSame(await probe('/readyz'), {
      status: 503,
      body: { status: 'unavailable', database: 'behind', missing: [newest] }
    })
    t.equal((await probe('/user/'))?.status, 503, 'and serves nothing')
    t.match(await runConfab(['user', 'suspend', 'ann'], environment), {
      code: 1,
      stderr: `The tables lack ${newest}: run confab migrate first.\n`
    })
    t.match(
      await runConfab(['migrate'], { DATABASE_URL: environment['DATABASE_URL'] ?? '' }),
      { code: 0 },
      'which needs the database alone'
    )
    const replica = await starting
    await expectDelivery(t, [replica], new Outbox(environment['DATA_DIR'] ?? ''))

    const client = postgres(environment['DATABASE_URL'] ?? '', { max: 1 })
    t.teardown(() => client.end())
    await client`delete from drizzle.__drizzle_migrations where created_at = (select max(created_at)
      from drizzle.__drizzle_migrations)`
    t.strictSame(
      await probe('/readyz'),
      { status: 503, body: { status: 'unavailable', database: 'behind', missing: [newest] } },
      'tables that went back are noticed'
    )
  }
)

await withServices(t, 'a replica that waits for migrations ends when it is told to', async (t, services) => {
  const environment = await share(t, services)
  const port = String(await freePort())
  const child = exec(process.execPath, ['dist/main.js'], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], ...environment, PORT: port }
  })
  t.teardown(() => child.child.kill('SIGKILL'))
  t.ok(
    await eventually(
      async () =>
        call(`http://127.0.0.1:${port}/livez`, 'GET').then(
          ({ status }) => status === 200,
          () => false
        ),
      DEADLINE_MS
    )
  )
  child.child.kill('SIGTERM')
  t.ok(await within(child, DEADLINE_MS, 'it to end'), 'with 0')
})

/** The build of before the newest migration; undefined where the history of the repository is not at hand. */
async function buildPrevious (t: Test): Promise<string | undefined> {
  const commit = await findPreviousCommit()
  if (commit === undefined) return undefined
  const folder = await temporaryFolder(t)
  await buildCommit(folder, commit)
  return folder
}

await withServices(
  t,
  'the build of before the newest migration and this one serve the same chats on the new tables',
  async (t, services) => {
    const previous = await buildPrevious(t)
    if (previous === undefined) {
      t.comment('SKIPPED the previous build: this is no clone with its history.')
      return
    }
    t.notOk((await readdir(path.join(previous, 'drizzle'))).includes(`${newest}.sql`))
    const environment = await share(t, services)
    await layOutOldTables(t, environment['DATABASE_URL'] ?? '')
    const startPrevious = async () =>
      launch(t, { command: process.execPath, parameters: ['dist/main.js'], cwd: previous, environment })
    const old = await startPrevious()
    const outbox = new Outbox(environment['DATA_DIR'] ?? '')
    await expectDelivery(t, [old], outbox)
    t.match(await runConfab(['migrate'], environment), { code: 0 })
    const replicas = [old, await spawnReplica(t, environment), await startPrevious()]
    await expectDelivery(t, replicas, outbox)
  }
)

await withServices(t, 'replicas need a role that may read and write rows, and nothing else', async (t, services) => {
  const environment = await share(t, services)
  const url = new URL(environment['DATABASE_URL'] ?? '')
  const database = url.pathname.slice(1)
  const admin = postgres(url.href, { max: 1, onnotice: () => undefined })
  t.teardown(() => admin.end())
  const [owner, server] = [`${database}_owner`, `${database}_server`]
  t.teardown(async () => {
    for (const role of [server, owner]) await admin.unsafe(`drop owned by ${role}`)
    await admin.unsafe(`drop role ${server}, ${owner}`)
  })
  // The statements of the manual, under names of this test's own.
  const [, manual = ''] =
    /```sql\n(-- roles\n[\s\S]*?)```/.exec(await readFile(`${ROOT}/docs/operate/manual.md`, 'utf8')) ?? []
  t.match(manual, /create role confab_owner/)
  await admin.unsafe(
    manual
      .replaceAll('confab_owner', owner)
      .replaceAll(/\bconfab_server\b/g, server)
      .replaceAll(/\bdatabase confab\b/g, `database ${database}`)
  )
  const as = (role: string) => Object.assign(new URL(url.href), { username: role, password: 'change-me' }).href
  t.match(await runConfab(['migrate'], { DATABASE_URL: as(owner) }), { code: 0, stderr: '' })

  const restricted = { ...environment, DATABASE_URL: as(server) }
  await expectDelivery(t, [await spawnReplica(t, restricted)], new Outbox(environment['DATA_DIR'] ?? ''))
  for (const command of [
    ['chat', 'check', '--all'],
    ['epoch', 'bump']
  ])
    t.match(await runConfab(command, restricted), { code: 0 }, command.join(' '))
  const asServer = postgres(as(server), { max: 1, onnotice: () => undefined })
  t.teardown(() => asServer.end())
  for (const statement of [
    'create table mine (id int)',
    'drop table messages',
    'alter table users add column mine text',
    'truncate messages',
    'create schema mine',
    'delete from drizzle.__drizzle_migrations'
  ]) {
    await t.rejects(asServer.unsafe(statement), { code: '42501' }, statement)
  }
})
