/** Databases of a test's own on a Postgres server. */
import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import postgres, { type Sql } from 'postgres'
import { MIGRATIONS_FOLDER } from '../../../src/store/migrations.ts'
import type { Database } from '../../../src/store/database.ts'
import { migratePostgres, openPostgres } from '../../../src/store/postgres/open.ts'
import { engineUrl } from './engine.ts'
import type { Scope } from '../scope.ts'

/** The names of all databases of tests begin like this, those of templates included. */
const PREFIX = 'confab_test_'
/** A connection that creates and drops databases is closed when it has had nothing to do for so many seconds. */
const IDLE_S = 1
/** Held while a server's template is looked for and made. */
const TEMPLATE_LOCK = 5_123_018
/** Held, shared, by each run that uses the template of a server. */
const USERS_LOCK = 5_123_019

const administrators = new Map<string, Sql>()

function administratorOf (serverUrl: string, purpose: 'creates' | 'drops' = 'creates'): Sql {
  const key = `${purpose} ${serverUrl}`
  let sql = administrators.get(key)
  if (sql === undefined) {
    sql = postgres(serverUrl, { max: 1, idle_timeout: IDLE_S, onnotice: () => undefined })
    administrators.set(key, sql)
  }
  return sql
}

/** The URL of another database of a server. */
function urlOf (serverUrl: string, database: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${database}`
  return url.href
}

/**
 * Creates an empty database that is gone with the test.
 * @param serverUrl any database of the server, with the right to create others
 * @returns its URL
 */
export async function createDatabase (t: Scope, serverUrl: string): Promise<string> {
  return createFrom(t, serverUrl, 'template1')
}

/** Creates a database with the tables of this build, a copy of the server's template. @returns its URL */
export async function createStore (t: Scope, serverUrl: string): Promise<string> {
  return createFrom(t, serverUrl, templateName())
}

async function createFrom (t: Scope, serverUrl: string, template: string): Promise<string> {
  const name = PREFIX + randomBytes(6).toString('hex')
  const sql = administratorOf(serverUrl)
  t.teardown(() => {
    // Another server, or the way to it, may end with the test.
    if (serverUrl !== process.env['TEST_DATABASE_URL']) return drop(serverUrl, name)
    // What is left is dropped by a later run.
    drop(serverUrl, name).catch(() => undefined)
    return undefined
  })
  await sql`create database ${sql(name)} template ${sql(template)}`
  return urlOf(serverUrl, name)
}

/** Drops a database. The server flushes all that it has each time: nobody waits who need not. */
async function drop (serverUrl: string, name: string): Promise<void> {
  const sql = administratorOf(serverUrl, 'drops')
  await sql`drop database if exists ${sql(name)} with (force)`
}

/** Opens a database by a pool of its own, which is closed with the test. */
export async function openDatabase (t: Scope, url: string, { pool = 1 } = {}): Promise<Database> {
  const database = await openPostgres({ url, pool, prepare: true, timeoutMs: 60_000 })
  t.teardown(() => database.close())
  return database
}

/** Opens a new database with the tables of this build on the Postgres of the run. */
export async function openNewStore (t: Scope, options: { pool?: number } = {}): Promise<Database> {
  return openDatabase(t, await createStore(t, engineUrl()), options)
}

/** The name of a template is made from its migrations: another version of them has another template. */
export function templateName (): string {
  const hash = createHash('sha256')
  for (const name of readdirSync(MIGRATIONS_FOLDER).filter((name) => name.endsWith('.sql')).sort()) {
    hash.update(name).update(readFileSync(path.join(MIGRATIONS_FOLDER, name)))
  }
  return `${PREFIX}template_${hash.digest('hex').slice(0, 12)}`
}

/** Has a server have a database with the tables of this build, to be copied. */
export async function ensureTemplate (serverUrl: string): Promise<void> {
  const name = templateName()
  await administratorOf(serverUrl).begin(async (sql) => {
    await sql`select pg_advisory_xact_lock(${TEMPLATE_LOCK})`
    if ((await sql`select 1 from pg_database where datname = ${name}`).length > 0) return
    // Complete when it has its name.
    const draft = `${name}_draft`
    const outside = postgres(serverUrl, { max: 1, onnotice: () => undefined })
    try {
      await outside`drop database if exists ${outside(draft)} with (force)`
      await outside`create database ${outside(draft)}`
      await migratePostgres({ url: urlOf(serverUrl, draft), pool: 1, prepare: true, timeoutMs: 60_000 })
      await outside`alter database ${outside(draft)} rename to ${outside(name)}`
    } finally {
      await outside.end()
    }
  })
}

/** Drops what earlier runs have left on a server, and templates of other versions. No other run may use the server. */
export async function dropLeftovers (serverUrl: string): Promise<void> {
  const sql = administratorOf(serverUrl)
  const found = await sql<{ datname: string }[]>`
    select datname from pg_database where starts_with(datname, ${PREFIX}) and datname <> ${templateName()}`
  for (const { datname } of found) await sql`drop database if exists ${sql(datname)} with (force)`
}

/**
 * Has a server have a template until the end of the scope. Runs of other checkouts may use the same: the last one
 * drops it.
 */
export async function shareTemplate (scope: Scope, serverUrl: string): Promise<void> {
  const sql = postgres(serverUrl, { max: 1, onnotice: () => undefined })
  scope.teardown(() => sql.end())
  await sql`select pg_advisory_lock_shared(${USERS_LOCK})`
  scope.teardown(async () => {
    await sql`select pg_advisory_unlock_shared(${USERS_LOCK})`
    const [row] = await sql<{ isLast: boolean }[]>`select pg_try_advisory_lock(${USERS_LOCK}) as "isLast"`
    if (row?.isLast === true) await sql`drop database if exists ${sql(templateName())} with (force)`
  })
  await ensureTemplate(serverUrl)
}
