import { readFile } from 'node:fs/promises'
import path from 'node:path'
import postgres, { type Sql } from 'postgres'
import t from '../support/tap.ts'
import { listMigrations, MIGRATIONS_FOLDER } from '../../src/store/migrations.ts'
import { textAt } from '../support/data/json.ts'
import { createDatabase } from '../support/servers/database.ts'
import { engineUrl } from '../support/servers/engine.ts'
import { ROOT } from '../support/servers/process.ts'

/** Migrations after this one run while replicas of the release before serve. */
const LAST_OF_FIRST_RELEASE = '0005_suspend_accounts'
/** A migration may take away what the named release, or any later one, no longer uses: `-- contract: 0.3.0`. */
const CONTRACT = /^-- contract: (\d+\.\d+\.\d+)$/m

t.setTimeout(120_000)

/** What of the tables somebody may rely on who knows nothing newer. */
const CATALOGUE = `
  select 'table ' || relname as name, null as detail from pg_class where relkind in ('r', 'p')
    and relnamespace = 'public'::regnamespace
  union all
  select 'column ' || relname || '.' || attname, concat_ws(', ',
    format_type(atttypid, atttypmod), case when attnotnull and not atthasdef
    and attidentity = '' then 'must be given' end)
  from pg_attribute join pg_class on pg_class.oid = attrelid
  where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace and attnum > 0 and not attisdropped
  union all
  select 'rule default of ' || relname || '.' || attname, null from pg_attribute
  join pg_class on pg_class.oid = attrelid
  where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace and attnum > 0 and atthasdef
  union all
  select 'function ' || proname || '(' || pg_get_function_identity_arguments(oid) || ')', pg_get_function_result(oid)
    from pg_proc where pronamespace = 'public'::regnamespace
  union all
  select 'rule ' || conrelid::regclass || ' ' || pg_get_constraintdef(oid), null from pg_constraint
    where connamespace = 'public'::regnamespace and contype in ('c', 'u', 'f', 'x')
  union all
  select 'rule ' || indrelid::regclass || ' unique ' || regexp_replace(pg_get_indexdef(indexrelid),
    '^.* USING ', ''), null
  from pg_index join pg_class on pg_class.oid = indrelid where relnamespace = 'public'::regnamespace and indisunique`

type Catalogue = Map<string, string | null>

async function readCatalogue (client: Sql): Promise<Catalogue> {
  const rows = await client.unsafe<{ name: string, detail: string | null }[]>(CATALOGUE)
  return new Map(rows.map(({ name, detail }) => [name, detail]))
}

/** What somebody who only knows the tables of before would run into. */
function breaksOf (before: Catalogue, after: Catalogue): string[] {
  const tables = [...before.keys()]
    .filter((name) => name.startsWith('table '))
    .map((name) => name.slice('table '.length))
  const isOfOldTable = (name: string) =>
    tables.some((table) => name.startsWith(`column ${table}.`) || name.startsWith(`rule ${table} `))
  const isRule = (name: string) => name.startsWith('rule ')
  // It leaves the column empty, and empty values are never the same.
  const isOfUnknownColumn = (name: string) => {
    const [, table = '', columns = ''] = /^rule (\S+) unique btree \(([^)]*)\)/.exec(name) ?? []
    return columns.split(', ').some((column) => after.has(`column ${table}.${column}`) &&
      !before.has(`column ${table}.${column}`) && !after.has(`rule default of ${table}.${column}`))
  }
  return [
    ...[...before]
      .filter(([name]) => !isRule(name))
      .flatMap(([name, detail]) =>
        !after.has(name) ? [`${name} is gone`] : after.get(name) === detail ? [] : [`${name} has changed`]
      ),
    ...[...after]
      .filter(([name]) => !before.has(name) && isOfOldTable(name) && !isOfUnknownColumn(name))
      .flatMap(([name, detail]) =>
        isRule(name) ? [`${name} is new`] : detail?.includes('must be given') === true ? [`${name} must be given`] : []
      )
  ]
}

await t.test('a migration only adds, unless it takes away what an earlier release has given up', async (t) => {
  const client = postgres(await createDatabase(t, engineUrl()), { max: 1, onnotice: () => undefined })
  t.teardown(() => client.end())
  const version = textAt(JSON.parse(await readFile(`${ROOT}/package.json`, 'utf8')), 'version')
  const migrations = await listMigrations()
  const first = migrations.findIndex(({ tag }) => tag === LAST_OF_FIRST_RELEASE)
  t.ok(first > 0)
  for (const [index, { tag }] of migrations.entries()) {
    const text = await readFile(path.join(MIGRATIONS_FOLDER, `${tag}.sql`), 'utf8')
    const before = await readCatalogue(client)
    await client.unsafe(text)
    if (index <= first) continue
    const [, given] = CONTRACT.exec(text) ?? []
    if (given === undefined) t.strictSame(breaksOf(before, await readCatalogue(client)), [], tag)
    else
      t.ok(
        given.localeCompare(version, undefined, { numeric: true }) < 0,
        `${tag} takes away what ${given} has given up, and this is ${version}`
      )
  }

  const before = await readCatalogue(client)
  const breaksOfStatement = async (statement: string) => {
    await client.unsafe('begin')
    await client.unsafe(statement)
    const breaks = breaksOf(before, await readCatalogue(client))
    await client.unsafe('rollback')
    return breaks
  }
  for (const [statement, ...breaks] of [
    ['alter table users drop column display_name', 'column users.display_name is gone'],
    ['do $$ begin execute \'alter table users drop column display_name\'; end $$', 'column users.display_name is gone'],
    [
      'drop table subscribers',
      'table subscribers is gone',
      'column subscribers.created_at is gone',
      'column subscribers.email is gone',
      'column subscribers.email_key is gone'
    ],
    [
      'alter table users rename column display_name to name',
      'column users.display_name is gone',
      'column users.name must be given'
    ],
    ['alter table users alter column display_name type varchar(10)', 'column users.display_name has changed'],
    ['alter table users alter column suspended_at set not null', 'column users.suspended_at has changed'],
    ['alter table messages alter column created_at drop default', 'column messages.created_at has changed'],
    ['alter table users add column region text not null', 'column users.region must be given'],
    [
      'alter table users add constraint short check (length(username) < 20)',
      'rule users CHECK ((length(username) < 20)) is new'
    ],
    ['create unique index one_name on users (display_name)', 'rule users unique btree (display_name) is new'],
    [
      'alter table users add column region text default \'\' unique',
      'rule users UNIQUE (region) is new',
      'rule users unique btree (region) is new'
    ],
    ['alter table users alter column display_name drop not null', 'column users.display_name has changed'],
    ['drop function current_history()', 'function current_history() is gone']
  ] as const)
    t.strictSame((await breaksOfStatement(statement)).sort(), [...breaks].sort(), statement)
  for (const statement of [
    'alter table users add column region text',
    'alter table users add column region text not null default \'\'',
    'alter table users add column region text; create unique index one_region on users (region)',
    'create table regions (id int primary key)',
    'create index names on users (display_name)',
    'drop index sessions_expiry',
    'create or replace function current_history() returns text language sql as $$ select \'\' $$'
  ])
    t.strictSame(await breaksOfStatement(statement), [], statement)
})
