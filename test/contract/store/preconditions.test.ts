import { randomBytes } from 'node:crypto'
import postgres, { type Sql } from 'postgres'
import t, { type Test } from '../../support/tap.ts'
import type { Finding } from '../../../src/lib/finding.ts'
import { checkRedis } from '../../../src/lib/redis/preconditions.ts'
import { judgeFacts } from '../../../src/store/postgres/judgement.ts'
import { openPostgres } from '../../../src/store/postgres/open.ts'
import { checkPostgres, type PostgresFacts } from '../../../src/store/postgres/preconditions.ts'
import { tlsSettings } from '../../../src/store/postgres/tls-settings.ts'
import { createDatabase, createStore } from '../../support/servers/database.ts'
import { withServices } from '../../support/servers/deployments.ts'
import { freePort } from '../../support/servers/process.ts'
import { addressOf, startRedisServer, withRedisServers } from '../../support/servers/redis-server.ts'

const PASSWORD = 'of-a-test'
const OPTIONS = { pool: 1, prepare: true, timeoutMs: 5_000 }

t.setTimeout(120_000)

const brief = (findings: readonly Finding[]) => findings.map(({ level, text }) => `${level}: ${text}`)
const check = async (url: string | URL, options: { migrate?: boolean } = {}) => {
  const { findings, isUnreachable } = await checkPostgres({ ...OPTIONS, ...options, url: String(url) })
  return { isUnreachable, said: brief(findings) }
}

/** A role of a test's own, which may connect. @returns its name and a URL by which it connects */
async function createRole (t: Test, admin: Sql, url: string): Promise<{ role: string, url: URL }> {
  const role = `confab_test_${randomBytes(6).toString('hex')}`
  await admin`create role ${admin(role)} login password ${admin.unsafe(`'${PASSWORD}'`)}`
  t.teardown(async () => {
    await admin`drop owned by ${admin(role)}`
    await admin`drop role ${admin(role)}`
  })
  const own = new URL(url)
  own.username = role
  own.password = PASSWORD
  return { role, url: own }
}

await withServices(t, 'a Postgres is checked before it is used', async (t, { databaseUrl }) => {
  const store = await createStore(t, databaseUrl)
  const admin = postgres(store, { max: 1, onnotice: () => undefined })
  t.teardown(() => admin.end())

  t.match(await check(store), { isUnreachable: false, said: [/^ok: PostgreSQL \d+.*, UTF8, encrypted if the server a/] })
  t.match(await check(await createDatabase(t, databaseUrl)), { said: [/^ok/] }, 'one without tables, too')

  const nowhere = `postgres://127.0.0.1:${String(await freePort())}/x`
  t.strictSame(await check(nowhere), {
    isUnreachable: true,
    said: ['failure: it cannot be reached: no server listens there']
  })
  const missing = new URL(store)
  missing.pathname = '/confab_test_none'
  t.match(await check(missing), {
    isUnreachable: false,
    said: [/^failure: there is no database confab_test_none: create it/]
  })

  // Another replica commits the tables between the statements of the check: here reading the journal makes them.
  const racing = await createDatabase(t, databaseUrl)
  const other = postgres(racing, { max: 1, onnotice: () => undefined })
  t.teardown(() => other.end())
  await other.unsafe(`create schema drizzle;
    create function public.run_migrations() returns bigint language plpgsql as $$
      begin create table public.users (); return 9e15; end $$;
    create view drizzle.__drizzle_migrations as select public.run_migrations() as created_at`)
  t.match(await check(racing), { said: [/^ok/] })

  const latin = `confab_test_${randomBytes(6).toString('hex')}`
  await admin`create database ${admin(latin)} encoding 'LATIN1' locale 'C' template template0`
  t.teardown(() => admin`drop database ${admin(latin)}`)
  const latinUrl = new URL(store)
  latinUrl.pathname = `/${latin}`
  t.match(await check(latinUrl), { said: [/^failure: its encoding is LATIN1, .*encoding 'UTF8' template template0$/] })

  const { role, url } = await createRole(t, admin, store)
  t.match(await check(url), { said: [/^failure: the role .* may not read the table of migrations: grant usage/] })
  await admin`grant usage on schema drizzle to ${admin(role)}`
  await admin`grant select on all tables in schema drizzle to ${admin(role)}`
  t.match(await check(url), { said: [/^failure: .* lacks rights: DELETE on .*UPDATE on verification_codes/] })
  await admin`grant select, insert, update, delete on all tables in schema public to ${admin(role)}`
  t.match(await check(url), { said: [/^ok/] }, 'rights on rows are enough where the tables are there')
  await (await openPostgres({ ...OPTIONS, url: url.href })).close()

  await admin`alter role ${admin(role)} set default_transaction_read_only = on`
  await admin`alter role ${admin(role)} set synchronous_commit = off`
  t.match(await check(url), {
    isUnreachable: false,
    said: [/^failure: it is read-only: set default_tr/, /^warning: synchronous_commit is off: acknowledged messages are/]
  }, 'all at once')

  const empty = await createRole(t, admin, await createDatabase(t, databaseUrl))
  t.match(await check(empty.url), { said: [/^failure: tables have to be made, and the role .* lacks create on the dat/] })
  t.match(await check(empty.url, { migrate: false }), { said: [/^ok/] }, 'unless another process makes them')
})

t.test('what cannot be had here is judged by its facts', async (t) => {
  const facts: PostgresFacts = {
    version: 150_000, versionText: '15.0', encoding: 'UTF8', role: 'confab', isStandby: false, isReadOnly: false,
    fsync: 'on', fullPageWrites: 'on', synchronousCommit: 'on', statementTimeout: '5s', clockMs: 0, clockAheadMs: 0,
    hasJournal: true, mayReadJournal: true, seesTables: true, mayCreateSchema: true, mayCreateTables: true,
    missingRights: [], lastMigration: 1, areLimitsRefused: false
  }
  const tls = tlsSettings({}, undefined, [])
  const judge = (changed: Partial<PostgresFacts>) =>
    judgeFacts({ facts: { ...facts, ...changed }, migrations: [], timeoutMs: 5_000, tls })
      .map(({ level, text }) => `${level}: ${text}`)
  t.match(judge({}), [/^ok/])
  t.match(judge({ version: 149_999, versionText: '14.9' }), [/^failure: it is PostgreSQL 14\.9: Confab needs 15 or/])
  t.match(judge({ isStandby: true, encoding: 'LATIN1' }), [/^failure: it is a standby/], 'what may pass is said alone')
  t.match(judge({ fsync: 'off', fullPageWrites: 'off' }), [/^warning: fsync is off/, /^warning: full_page_writes is off/])
  t.match(judge({ clockAheadMs: 2_500 }), [/^warning: the clock of this machine is 2\.5 s behind that of the server/])
  t.match(judge({ clockAheadMs: -90_000 }), [/^warning: the clock of this machine is 90\.0 s ahead of that of/])
  t.match(judge({ clockAheadMs: 1_900 }), [/^ok/])
  t.match(judge({ areLimitsRefused: true, statementTimeout: '0' }), [/^warning: its pooler .*_timeout = '5000ms'/])
  t.match(judge({ seesTables: false }), [/^failure: the role confab does not see the tables/])
})

await withRedisServers(t, 'a Redis is checked by what is done there', async (t) => {
  const redis = await startRedisServer(t, [
    '--requirepass', 'right',
    '--user', 'confab', 'on', '>right', 'resetchannels', '&confab:*', '~confab:*', '+@all', '-@admin', '-@dangerous',
    '--user', 'few', 'on', '>right', 'resetchannels', '&other:*', '~confab:*', '+@all', '-@scripting'
  ])
  const checkUrl = async (url: string) => brief(await checkRedis(addressOf(url), 'confab:'))
  const check = async (from: string) => checkUrl(redis.url.replace('redis://', from))
  t.match(await check('redis://:right@'), [/^ok/])
  t.match(await check('redis://confab:right@'), [/^ok/], 'the user of the manual has every right')
  t.match(await check('redis://few:right@'), [
    /^failure: its user lacks the right for publishing on channels such as confab:check/,
    /^failure: its user lacks the right for counting in keys such as confab:check/,
    /^failure: its user lacks the right for presence in keys such as confab:check/,
    /^failure: its user lacks the right for subscribing to channels such as confab:check/
  ])
  for (const from of ['redis://', 'redis://:wrong@', 'redis://nobody:right@'])
    t.match(await check(from), [/^failure: the user or the password is wrong/], from)
  t.match(await check('redis+cluster://:right@'), [/^failure: it is no node of a Cluster/])
  t.match(await checkUrl(`${redis.url.replace('redis://', 'redis://:right@')}/99`), [/^failure: it has no database of/])
  await redis.stop()
  t.match(await check('redis://:right@'), [/^warning: it cannot be reached \(connect ECONNREFUSED/])
})
