import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, chown, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { sql } from 'drizzle-orm'
import postgres from 'postgres'
import t, { type Test } from '../../support/tap.ts'
import type { Database } from '../../../src/store/database.ts'
import { describeUnavailability } from '../../../src/store/postgres/failures.ts'
import { openPostgres } from '../../../src/store/postgres/open.ts'
import { PostgresServer } from '../../support/servers/postgres-server.ts'
import { within } from '../../support/deadline.ts'
import { withServices } from '../../support/servers/deployments.ts'
import { freePort } from '../../support/servers/process.ts'
import { temporaryFolder } from '../../support/servers/program.ts'
import { createDatabase } from '../../support/servers/database.ts'

const DEADLINE_MS = 30_000
const ROLE_LIMIT = 4
const QUERIES = 40
const run = promisify(execFile)

t.setTimeout(120_000)

async function open (t: Test, url: string, options: { pool?: number, ca?: string } = {}): Promise<Database> {
  const database = await within(
    openPostgres({ url, pool: 1, prepare: true, timeoutMs: 60_000, migrate: false, ...options }),
    DEADLINE_MS,
    'the database to open'
  )
  t.teardown(() => database.close())
  return database
}

/** Why a database cannot be opened: the innermost cause. */
async function refusal (opening: Promise<unknown>): Promise<string> {
  let error: unknown = await opening.then(
    () => undefined,
    (error: unknown) => error
  )
  while (error instanceof Error && error.cause instanceof Error) error = error.cause
  return error instanceof Error ? error.message : 'none'
}

await withServices(t, 'a pool keeps to the connections that the server grants', async (t, { databaseUrl }) => {
  const url = new URL(await createDatabase(t, databaseUrl))
  const role = `confab_test_${randomBytes(6).toString('hex')}`
  const admin = postgres(databaseUrl, { max: 1, onnotice: () => undefined })
  t.teardown(() => admin.end())
  const limit = admin.unsafe(String(ROLE_LIMIT))
  await admin`create role ${admin(role)} login password 'of-a-test' connection limit ${limit}`
  t.teardown(() => admin`drop role ${admin(role)}`)
  url.username = role
  url.password = 'of-a-test'
  const { orm, close } = await open(t, url.href, { pool: 10 })
  const answers = await Promise.allSettled(
    Array.from({ length: QUERIES }, () => orm.execute(sql`select pg_sleep(0.02)`))
  )
  t.strictSame(answers.filter(({ status }) => status === 'rejected'), [], 'every query is answered')
  await close()
})

/** What a connection leads to, and how. */
const PLACES = [
  sql`current_user`, sql`current_database()`, sql`current_setting('search_path')`,
  sql`current_setting('application_name')`, sql`current_setting('port')`
]
const WHERE = 'select current_user, current_database(), current_setting(\'search_path\'), ' +
  'current_setting(\'application_name\'), current_setting(\'port\')'

/** A server that can encrypt, with an authority that has signed its certificate for `localhost`. */
async function startServer (t: Test): Promise<{ server: PostgresServer, ca: string }> {
  const folder = await temporaryFolder(t)
  await chmod(folder, 0o755)
  const server = await PostgresServer.create(t, { folder: path.join(folder, 'server'), settings: ['ssl = on'] })
  const openssl = async (...parameters: string[]) => run('openssl', parameters, { cwd: folder })
  const request = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  await openssl('req', '-x509', ...request, '-subj', '/CN=authority', '-keyout', 'ca.key', '-out', 'ca.pem')
  await openssl('req', '-x509', ...request, '-subj', '/CN=stranger', '-keyout', 'other.key', '-out', 'other.pem')
  await openssl(
    'req', '-x509', ...request, '-subj', '/CN=server', '-addext', 'subjectAltName=DNS:localhost', '-CA', 'ca.pem',
    '-CAkey', 'ca.key', '-keyout', 'server/server.key', '-out', 'server/server.crt'
  )
  const { uid, gid } = await stat(server.folder)
  for (const name of ['server.key', 'server.crt']) {
    await chown(path.join(server.folder, name), uid, gid)
    await chmod(path.join(server.folder, name), 0o600)
  }
  const hba = path.join(server.folder, 'pg_hba.conf')
  await writeFile(hba, `hostnossl all encrypted all reject\n${await readFile(hba, 'utf8')}`)
  await server.start()
  await server.admin`create role encrypted login`
  await server.admin`create role "a@b" login`
  await server.admin`create database "of a@b"`
  return { server, ca: path.join(folder, 'ca.pem') }
}

await withServices(t, 'on a server that encrypts', async (t) => {
  const { server, ca } = await startServer(t)
  const port = String(server.port)
  const folder = encodeURIComponent(server.folder)
  const other = ca.replace('ca.pem', 'other.pem')

  await t.test('a URL leads where it leads psql', async (t) => {
    const dead = `127.0.0.1:${String(await freePort())}`
    for (const url of [
      `postgres://postgres@127.0.0.1:${port}/postgres`,
      `postgresql://postgres@localhost:${port}`,
      `postgres://a%40b@localhost:${port}/of%20a%40b?sslmode=disable`,
      `postgres:///postgres?host=${folder}&port=${port}&user=postgres`,
      `postgres://postgres@${folder}:${port}/postgres`,
      `postgres://localhost:${port}?user=a%40b&dbname=of%20a%40b`,
      `postgres://postgres@${dead},127.0.0.1:${port}/postgres`,
      `postgres:///postgres?host=127.0.0.1,localhost&port=${port}&user=postgres&target_session_attrs=read-write`,
      `postgres://postgres@127.0.0.1:${port}/postgres?options=-c%20search_path%3Dpg_catalog&application_name=mine`,
      `postgres://postgres@127.0.0.1:${port}/postgres?target_session_attrs=any&connect_timeout=5&gssencmode=disable`,
      `postgres://postgres@127.0.0.1:${port}/postgres?target_session_attrs=primary&channel_binding=prefer&keepalives=1`,
      `postgres://postgres@127.0.0.1:${port}/postgres?sslmode=require&sslsni=0&client_encoding=utf8`,
      `postgres://encrypted@127.0.0.1:${port}/postgres`,
      `postgres://postgres@localhost:${port}/postgres?sslmode=verify-full&sslrootcert=${encodeURIComponent(ca)}`
    ]) {
      const { stdout } = await run('psql', ['-XAt', '-F', '|', '-c', WHERE, url])
      const { orm } = await open(t, url)
      const [row] = await orm
        .select({ found: sql<string>`concat_ws('|', ${sql.join(PLACES, sql`, `)})` })
        .from(sql`now()`)
      const found = row?.found ?? ''
      t.equal(found.replace('|confab-2|', '|psql|'), stdout.trim(), url)
    }
  })

  await t.test('what psql refuses is refused', async (t) => {
    const place = `localhost:${port}/postgres`
    const encoded = encodeURIComponent(other)
    const cases: [url: string, ca: string | undefined, reason: RegExp][] = [
      [`postgres://postgres@${place}?sslmode=verify-full&sslrootcert=${encoded}`, undefined, /certificate is refused/],
      [`postgres://postgres@${place}?sslmode=require&sslrootcert=${encoded}`, undefined, /certificate is refused/],
      [`postgres://postgres@127.0.0.1:${port}/x?sslrootcert=${encodeURIComponent(ca)}&sslmode=verify-full`, undefined,
        /certificate is refused \(ERR_TLS_CERT_ALTNAME_INVALID/],
      [`postgres://encrypted@${place}?sslmode=disable`, undefined, /pg_hba.conf rejects connection/],
      [`postgres://postgres@${place}?sslmode=verify-full`, '/nowhere.pem', /DATABASE_CA cannot be read \(ENOENT\)/],
      [`postgres://encrypted@${place}?options=-c%20nothing%3D1`, undefined, /unrecognized configuration parameter/]
    ]
    for (const [url, ca, reason] of cases)
      t.match(await refusal(open(t, url, { ...(ca !== undefined && { ca }) })), reason, url)
  })

  await t.test('an authority that is given is checked', async (t) => {
    const isEncrypted = async (url: string, ca?: string) => {
      const { orm } = await open(t, url, { ...(ca !== undefined && { ca }) })
      const [row] = await orm
        .select({ ssl: sql<boolean>`ssl` })
        .from(sql`pg_stat_ssl`)
        .where(sql`pid = pg_backend_pid()`)
      return row?.ssl
    }
    const url = `postgres://postgres@localhost:${port}/postgres`
    t.equal(await isEncrypted(url), false, 'without one nothing is encrypted that need not be')
    t.equal(await isEncrypted(url, ca), true)
    t.equal(await isEncrypted(url, await readFile(ca, 'utf8')), true, 'its certificate can be given itself')
    t.match(await refusal(open(t, url, { ca: other })), /certificate is refused/)
    t.equal(await isEncrypted(`postgres://postgres@127.0.0.1:${port}/postgres?sslmode=require`, ca), true)
    t.equal(await isEncrypted(`postgres://postgres@127.0.0.1:${port}/postgres?sslmode=prefer`), true)
  })

  await t.test('a server that reads only is refused at once, and described', async (t) => {
    await server.admin.unsafe('create role reader login; alter role reader set default_transaction_read_only = on')
    const error = await open(t, `postgres://reader@localhost:${port}/postgres`).catch((error: unknown) => error)
    t.equal(describeUnavailability(error), 'the server is a standby, or read-only')
  })
})
