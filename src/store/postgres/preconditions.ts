/** Checks a Postgres server before anything is stored there: what it is, how it is set, and what the role may do. */
import { getTableName } from 'drizzle-orm'
import { PgTable } from 'drizzle-orm/pg-core'
import Type, { type Static } from 'typebox'
import Value from 'typebox/value'
import type { Finding } from '../../lib/finding.ts'
import { listMigrations, type Migration } from '../migrations.ts'
import * as schema from '../schema.ts'
import { describePostgres, parsePostgresUrl, type PostgresAddress } from './address.ts'
import { PostgresConnection } from './connection.ts'
import { describeUnavailability, hasState, isTransient } from './failures.ts'
import type { PostgresOptions } from './open.ts'
import { judgeFacts } from './judgement.ts'
import { PostgresSockets } from './socket.ts'
import { StartupSettings } from './startup-settings.ts'

const Facts = Type.Object({
  version: Type.Integer(),
  versionText: Type.String(),
  encoding: Type.String(),
  role: Type.String(),
  isStandby: Type.Boolean(),
  isReadOnly: Type.Boolean(),
  fsync: Type.String(),
  fullPageWrites: Type.String(),
  synchronousCommit: Type.String(),
  statementTimeout: Type.String(),
  clockMs: Type.Number(),
  hasJournal: Type.Boolean(),
  mayReadJournal: Type.Boolean(),
  seesTables: Type.Boolean(),
  mayCreateSchema: Type.Boolean(),
  mayCreateTables: Type.Boolean(),
  missingRights: Type.Array(Type.String())
})

/** What was read from a server, and when. */
export type PostgresFacts = Static<typeof Facts> & {
  /** How far the clock of the server is ahead of ours, in milliseconds. */
  clockAheadMs: number
  /** Creation time of the newest applied migration; undefined when it may not be read. */
  lastMigration: number | undefined
  /** Whether a pooler has refused the time limits of statements. */
  areLimitsRefused: boolean
}

/** What was found; `isUnreachable` when the server may be there in a moment. */
export type PostgresCheck = { findings: Finding[], isUnreachable: boolean }

const JOURNAL = 'drizzle.__drizzle_migrations'
/** Tables that only commands of an operator write. */
const READ_ONLY_TABLES = ['epochs', 'installations']

const FACTS = `
  select current_setting('server_version_num')::int as version,
    current_setting('server_version') as "versionText",
    current_setting('server_encoding') as encoding,
    current_user::text as role,
    pg_is_in_recovery() as "isStandby",
    current_setting('transaction_read_only')::boolean as "isReadOnly",
    current_setting('fsync') as fsync,
    current_setting('full_page_writes') as "fullPageWrites",
    current_setting('synchronous_commit') as "synchronousCommit",
    current_setting('statement_timeout') as "statementTimeout",
    (extract(epoch from clock_timestamp()) * 1000)::float8 as "clockMs",
    journal.exists as "hasJournal",
    case when journal.exists and has_schema_privilege('drizzle', 'usage')
      then has_table_privilege('${JOURNAL}', 'select') else false end as "mayReadJournal",
    to_regclass('users') is not null as "seesTables",
    has_database_privilege(current_database(), 'create') as "mayCreateSchema",
    coalesce(has_schema_privilege(current_schema(), 'create'), false) as "mayCreateTables",
    (select coalesce(json_agg(upper(kind) || ' on ' || "table" order by "table", kind), '[]')
      from json_array_elements_text($1::text::json) "table", unnest(array['select', 'insert', 'update', 'delete']) kind
      where to_regclass("table") is not null
        and (kind = 'select' or "table" not in ('${READ_ONLY_TABLES.join('\', \'')}'))
        and not has_table_privilege(to_regclass("table"), kind)) as "missingRights"
  from (select exists (select from pg_class join pg_namespace space on space.oid = relnamespace
    where nspname = 'drizzle' and relname = '__drizzle_migrations')) journal(exists)`

/**
 * Connects once and checks everything that this build needs.
 * @param options as for {@link openPostgres}
 */
export async function checkPostgres (options: PostgresOptions): Promise<PostgresCheck> {
  const address = parsePostgresUrl(options.url, options.ca)
  const subject = describePostgres(address)
  try {
    const facts = await readFacts(address, options)
    const judged = judgeFacts({ facts, migrations: await listMigrations(), ...options, tls: address.tls })
    const isUnreachable = facts.isStandby
    return { isUnreachable, findings: judged.map(({ level, text }) => ({ level, subject, text })) }
  } catch (error) {
    const isUnreachable = isTransient(error)
    const text = isUnreachable
      ? `it cannot be reached: ${describeUnavailability(error)}`
      : describeRefusal(error, address)
    return { isUnreachable, findings: [{ level: 'failure', subject, text }] }
  }
}

async function readFacts (address: PostgresAddress, { timeoutMs }: PostgresOptions): Promise<PostgresFacts> {
  const startup = new StartupSettings({ ...address, timeoutMs })
  const connection = await openAny({ address, sockets: new PostgresSockets(address), startup, prepare: false })
  try {
    const { mayReadJournal } = await readServerFacts(connection)
    const lastMigration = mayReadJournal ? await readLastMigration(connection) : undefined
    // Read later: other replicas may be running migrations, and the tables of those that are known must be there.
    const facts = await readServerFacts(connection)
    return { ...facts, lastMigration, areLimitsRefused: startup.areLimitsRefused }
  } finally {
    await connection.end()
  }
}

async function readServerFacts (connection: PostgresConnection) {
  const names = Object.values(schema).filter((value) => value instanceof PgTable).map((table) => getTableName(table))
  const before = Date.now()
  const [row] = rowsOf(await connection.query([FACTS, [JSON.stringify(names)]], false))
  const facts = Value.Parse(Facts, row)
  const now = before + (Date.now() - before) / 2
  return { ...facts, clockAheadMs: facts.clockMs - now }
}

async function readLastMigration (connection: PostgresConnection): Promise<number> {
  const [row] = rowsOf(await connection.query([`select max(created_at)::text as last from ${JOURNAL}`], false))
  return typeof row === 'object' && row !== null && 'last' in row ? Number(row.last) : 0
}

/** Tries each host, and takes one that only reads if there is no other. */
async function openAny (options: Parameters<typeof PostgresConnection.open>[0]): Promise<PostgresConnection> {
  const { length } = options.address.hosts
  for (let attempt = 1; ; attempt++) {
    try {
      return await PostgresConnection.open(options, { mayBeReadOnly: attempt > length })
    } catch (error) {
      if (attempt > length || (attempt === length && !hasState(error, '25006'))) throw error
    }
  }
}

/** Why a server does not let the role in, and what to do. */
function describeRefusal (error: unknown, { database, user }: PostgresAddress): string {
  const [role, name] = [user ?? 'of this process', database ?? user ?? 'of the role']
  if (hasState(error, '28P01')) return `the password of the role ${role} is wrong: correct it in DATABASE_URL`
  if (hasState(error, '3D000'))
    return `there is no database ${name}: create it (encoding UTF8), or correct DATABASE_URL`
  if (hasState(error, '42501'))
    return `the role ${role} may not connect: grant connect on database ${name} to ${role}`
  const message = error instanceof Error ? error.message : String(error)
  if (hasState(error, '28000')) return `the role ${role} is not let in: ${message}`
  return message
}

function rowsOf (result: unknown): unknown[] {
  return Array.isArray(result) ? result : []
}

/** The names of the migrations that a server lacks, oldest first. */
export function missingSince (lastMigration: number | undefined, migrations: readonly Migration[]): string[] {
  return migrations.filter(({ when }) => when > (lastMigration ?? 0)).map(({ tag }) => tag)
}
