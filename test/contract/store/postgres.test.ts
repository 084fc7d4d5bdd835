import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import path from 'node:path'
import { sql } from 'drizzle-orm'
import postgres from 'postgres'
import t, { type Test } from '../../support/tap.ts'
import { collectUnhandled } from '../../support/checks/unhandled.ts'
import type { Database } from '../../../src/store/database.ts'
import { isTransient } from '../../../src/store/postgres/failures.ts'
import { EpochChangedError } from '../../../src/store/postgres/epoch-fence.ts'
import { preparePostBatch } from '../../../src/store/posts.ts'
import { MIGRATIONS_FOLDER } from '../../../src/store/migrations.ts'
import { migratePostgres, openPostgres } from '../../../src/store/postgres/open.ts'
import { testDatabase } from './suite.ts'
import { addChat } from '../../support/data/rows.ts'
import { listAt } from '../../support/data/json.ts'
import { eventually, within } from '../../support/deadline.ts'
import { withServices } from '../../support/servers/deployments.ts'
import { freePort } from '../../support/servers/process.ts'
import { createDatabase } from '../../support/servers/database.ts'
import { startTcpProxy } from '../../support/servers/tcp-proxy.ts'

const DEADLINE_MS = 30_000
const REPLICAS = 5

/** What a server says before it ends a connection: an ErrorResponse of the protocol, with its SQLSTATE. */
const TERMINATED = (() => {
  const fields = Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0')
  const head = Buffer.from('E\0\0\0\0')
  head.writeInt32BE(fields.length + 4, 1)
  return Buffer.concat([head, fields])
})()

t.setTimeout(300_000)

async function open (
  t: Test,
  url: string,
  options: { pool?: number, prepare?: boolean, timeoutMs?: number } = {}
): Promise<Database> {
  const database = await within(
    openPostgres({ url, pool: 3, prepare: true, timeoutMs: 60_000, ...options }),
    DEADLINE_MS,
    'the database to open'
  )
  t.teardown(() => database.close())
  return database
}

await withServices(t, 'Postgres keeps the contract', async (t, { databaseUrl }) => {
  const url = await createDatabase(t, databaseUrl)
  const [first, ...others] = [await open(t, url), await open(t, url), await open(t, url), await open(t, url)]
  await testDatabase(t, [first.orm, ...others.map(({ orm }) => orm)])
})

await withServices(
  t,
  'replicas that start at once on an empty database run each migration once',
  async (t, { databaseUrl }) => {
    const url = await createDatabase(t, databaseUrl)
    const databases = await Promise.all(Array.from({ length: REPLICAS }, () => open(t, url, { pool: 1 })))
    const journal: unknown = JSON.parse(await readFile(path.join(MIGRATIONS_FOLDER, 'meta', '_journal.json'), 'utf8'))
    const expected = listAt(journal, 'entries').length
    const count = async ({ orm }: Database) =>
      (await orm.select({ count: sql<number>`count(*)::int` }).from(sql`drizzle.__drizzle_migrations`))[0]?.count
    for (const database of databases) t.equal(await count(database), expected)
    await migratePostgres({ url, pool: 1, prepare: true, timeoutMs: 60_000 })
    t.equal(await count(await open(t, url, { pool: 1 })), expected, 'and none of them later')
  }
)

await withServices(t, 'without prepared statements it works as well', async (t, { databaseUrl }) => {
  const { orm } = await open(t, await createDatabase(t, databaseUrl), { prepare: false })
  const { chatId, ann } = await addChat(orm)
  const post = preparePostBatch(orm)
  for (const postKey of ['a', 'b'])
    t.hasStrict(await post([{ chatId, authorId: ann.id, postKey, text: 'hello' }]), [{ outcome: 'stored' }])
})

await withServices(
  t,
  'a connection that the server ends fails what is under way as transient, and is replaced',
  async (t, { databaseUrl }) => {
    const url = await createDatabase(t, databaseUrl)
    const database = await open(t, url, { pool: 1 })
    const admin = postgres(databaseUrl, { max: 1 })
    t.teardown(() => admin.end())
    const sleeping = database.orm.execute(sql`select pg_sleep(600)`).then(
      () => undefined,
      (error: unknown) => error
    )
    const name = new URL(url).pathname.slice(1)
    t.ok(
      await eventually(async () => {
        const rows =
          await admin`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}
            and wait_event = 'PgSleep'`
        return rows.length > 0
      }, DEADLINE_MS),
      'the query was under way'
    )
    const error = await within(sleeping, DEADLINE_MS, 'the query to fail')
    t.ok(isTransient(error), String(error))
    // The next query may still run into the connection that is about to close.
    t.ok(
      await eventually(
        () =>
          database.missingMigrations().then(
            () => true,
            () => false
          ),
        DEADLINE_MS
      ),
      'it answers again'
    )
  }
)

await withServices(
  t,
  'a connection that ends within a transaction takes all of it along, and nothing else',
  async (t, { databaseUrl }) => {
    const url = await createDatabase(t, databaseUrl)
    const { orm } = await open(t, url, { pool: 1 })
    await orm.execute(sql`create table marks (mark text)`)
    const uncaught = collectUnhandled(t, 'uncaughtException')
    const error = await within(
      orm
        .transaction(async (transaction) => {
          await transaction.execute(sql`insert into marks values ('before')`)
          await transaction.execute(sql`select pg_terminate_backend(pg_backend_pid())`).catch(() => undefined)
          await transaction.execute(sql`insert into marks values ('after')`)
        })
        .then(
          () => undefined,
          (error: unknown) => error
        ),
      DEADLINE_MS,
      'the transaction to fail'
    )
    t.ok(isTransient(error), String(error))
    const others = await Promise.all(
      ['one', 'two'].map(async (mark) =>
        orm.transaction(async (transaction) => {
          await transaction.execute(sql`insert into marks values (${mark})`)
          return mark
        })
      )
    )
    const rows = await orm
      .select({ mark: sql<string>`mark` })
      .from(sql`marks`)
      .orderBy(sql`mark`)
    t.strictSame(
      rows.map(({ mark }) => mark),
      others
    )
    t.strictSame(uncaught, [])
  }
)

await withServices(
  t,
  'connections that end while they are being opened leave no rejection that nobody hears of',
  async (t, { databaseUrl }) => {
    const url = new URL(await createDatabase(t, databaseUrl))
    const target = { host: url.hostname, port: Number(url.port === '' ? '5432' : url.port) }
    /** How often the server may answer on the next connection before that is cut. */
    let answers = Infinity
    const clients = new Set<Socket>()
    const proxy = createServer((client) => {
      clients.add(client.on('close', () => clients.delete(client)))
      const service = connect(target)
      let left = answers
      answers = Infinity
      client
        .on('data', (bytes) => service.write(bytes))
        .on('error', () => undefined)
        .on('close', () => service.destroy())
      service
        .on('data', (bytes) => (left-- > 0 ? client.write(bytes) : client.end(TERMINATED)))
        .on('error', () => undefined)
        .on('close', () => client.destroy())
    })
    t.teardown(() => proxy.close())
    await once(proxy.listen(0, '127.0.0.1'), 'listening')
    const address = proxy.address()
    url.host = `127.0.0.1:${typeof address === 'object' && address !== null ? String(address.port) : ''}`
    const rejections = collectUnhandled(t, 'unhandledRejection')
    for (const allowed of [0, 1, 2, 3]) {
      const database = await open(t, url.href, { pool: 1 })
      for (const client of clients) client.end(TERMINATED)
      while (clients.size > 0) await once([...clients][0] ?? proxy, 'close')
      answers = allowed
      const error = await within(
        database.missingMigrations().then(
          () => undefined,
          (error: unknown) => error
        ),
        DEADLINE_MS,
        'the query to be answered'
      )
      t.ok(error === undefined || isTransient(error), `cut after ${String(allowed)} answers: ${String(error)}`)
    }
    t.strictSame(rejections, [])
  }
)

await withServices(
  t,
  'a server that goes away fails queries as transient, and is found again',
  async (t, { databaseUrl }) => {
    const url = new URL(await createDatabase(t, databaseUrl))
    const proxy = await startTcpProxy(t, { host: url.hostname, port: Number(url.port === '' ? '5432' : url.port) })
    url.host = `127.0.0.1:${String(proxy.port)}`
    const database = await open(t, url.href)
    await proxy.cut()
    const failure = async () =>
      database.missingMigrations().then(
        () => undefined,
        (error: unknown) => error
      )
    for (let round = 0; round < 3; round++) {
      const error = await within(failure(), DEADLINE_MS, 'the query to fail')
      t.ok(isTransient(error), String(error))
    }
    await proxy.open()
    t.ok(await eventually(async () => (await failure()) === undefined, DEADLINE_MS), 'it answers again')
  }
)

/** Ends every connection to the database of a URL, and resolves when they are gone. */
async function endConnections (t: Test, databaseUrl: string, url: string): Promise<void> {
  const admin = postgres(databaseUrl, { max: 1 })
  t.teardown(() => admin.end())
  const name = new URL(url).pathname.slice(1)
  await admin`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`
  t.ok(
    await eventually(
      async () => (await admin`select from pg_stat_activity where datname = ${name}`).length === 0,
      DEADLINE_MS
    ),
    'its connections ended'
  )
}

await withServices(
  t,
  'what comes on a new connection is withheld until it is known of which history it is',
  async (t, { databaseUrl }) => {
    const url = await createDatabase(t, databaseUrl)
    const { orm, unfenced: unguarded, fenceBy: followHistory } = await open(t, url, { pool: 2 })
    const ask = async () =>
      eventually(
        async () =>
          orm.execute(sql`select 1`).then(
            () => true,
            () => false
          ),
        DEADLINE_MS
      )
    let checks = 0
    let found = 'first'
    const history = {
      current: 'first',
      check: async () => {
        await unguarded.execute(sql`select 1`)
        checks++
        history.current = found
      }
    }
    followHistory(history)
    t.ok(await ask())
    const before = checks
    t.ok(await ask())
    t.equal(checks, before, 'what is known is not asked again')
    await endConnections(t, databaseUrl, url)
    t.ok(await ask())
    t.ok(checks > before, 'another connection, another question')

    await endConnections(t, databaseUrl, url)
    found = 'second'
    const failures: unknown[] = []
    t.ok(
      await eventually(async () => {
        const failure = await orm.execute(sql`select 1`).then(
          () => undefined,
          (error: unknown) => error
        )
        if (failure !== undefined) failures.push(failure)
        return failure === undefined
      }, DEADLINE_MS),
      'it answers again'
    )
    t.ok(failures.every(isTransient), failures.map(String).join())
    t.ok(
      failures.some((failure) => failure instanceof Error && failure.cause instanceof EpochChangedError),
      'the result of a question from before was thrown away'
    )
  }
)

await withServices(
  t,
  'a server that falls silent fails what waits, however much is sent behind it',
  async (t, { databaseUrl }) => {
    const url = new URL(await createDatabase(t, databaseUrl))
    const proxy = await startTcpProxy(t, { host: url.hostname, port: Number(url.port === '' ? '5432' : url.port) })
    url.host = `127.0.0.1:${String(proxy.port)}`
    const { orm } = await open(t, url.href, { pool: 1, timeoutMs: 300 })
    const ask = async () =>
      orm.execute(sql`select 1`).then(
        () => undefined,
        (error: unknown) => error
      )
    t.equal(await ask(), undefined)
    proxy.hold()
    // Each of them writes to the connection on which nothing comes back.
    const asking = setInterval(() => void ask(), 50)
    t.teardown(() => clearInterval(asking))
    const error = await within(ask(), DEADLINE_MS, 'the query to fail')
    t.ok(isTransient(error), String(error))
    proxy.release()
    t.ok(await eventually(async () => (await ask()) === undefined, DEADLINE_MS), 'it answers again')
  }
)

await withServices(
  t,
  'a server that closes connections without a word fails what waits',
  async (t, { databaseUrl }) => {
    const server = createServer((socket) => socket.resume().end())
    t.teardown(() => server.close())
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const address = server.address()
    const url = new URL(databaseUrl)
    url.host = `127.0.0.1:${typeof address === 'object' && address !== null ? String(address.port) : ''}`
    const error = await within(
      openPostgres({ url: url.href, pool: 1, prepare: true, timeoutMs: 60_000 }).then(
        () => undefined,
        (error: unknown) => error
      ),
      DEADLINE_MS,
      'the start to fail'
    )
    t.ok(isTransient(error), String(error))
  }
)

await t.test('a server that is not there fails the start, and is not waited for', async (t) => {
  const url = `postgres://somebody:hidden-password@127.0.0.1:${String(await freePort())}/nowhere`
  const error = await within(
    openPostgres({ url, pool: 1, prepare: true, timeoutMs: 60_000 }).then(
      () => undefined,
      (error: unknown) => error
    ),
    DEADLINE_MS,
    'the start to fail'
  )
  t.ok(isTransient(error), String(error))
  t.notMatch(String(error), /hidden/)
})

await withServices(t, 'it says where it is without a credential', async (t, { databaseUrl }) => {
  const url = new URL(await createDatabase(t, databaseUrl))
  // A server that trusts its clients takes any password; one that does not has its own in the URL.
  if (url.password === '') url.password = 'hidden-password'
  const { description } = await open(t, url.href)
  t.equal(description, `Postgres ${url.hostname}:${url.port === '' ? '5432' : url.port}${url.pathname}`)
  t.notOk(description.includes(url.password))
})
