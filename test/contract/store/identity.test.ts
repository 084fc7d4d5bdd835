import { createHash } from 'node:crypto'
import os from 'node:os'
import path from 'node:path'
import { sql } from 'drizzle-orm'
import postgres from 'postgres'
import t, { type Test } from '../../support/tap.ts'
import { bumpEpoch, type DataIdentity, readIdentity, renewInstallation } from '../../../src/store/epoch.ts'
import { migratePostgres, openPostgres } from '../../../src/store/postgres/open.ts'
import { findPostgres, PostgresServer } from '../../support/servers/postgres-server.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { addChat } from '../../support/data/rows.ts'
import { createDatabase } from '../../support/servers/database.ts'
import { withServices } from '../../support/servers/deployments.ts'
import { dumpDatabase, restoreDump } from '../../support/servers/dump.ts'
import { LAST_OF_FIRST_RELEASE, layOutOldTables } from '../../support/servers/old-tables.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const OPTIONS = { pool: 1, prepare: true, timeoutMs: 60_000 }

t.setTimeout(300_000)

async function using<Result> (url: string, work: (orm: Parameters<typeof readIdentity>[0]) => Promise<Result>) {
  const database = await openPostgres({ url, ...OPTIONS })
  try {
    return await work(database.orm)
  } finally {
    await database.close()
  }
}

const identityOf = async (url: string): Promise<DataIdentity> => using(url, readIdentity)

/** The epoch as 0.1 reads it. */
async function oldEpochOf (url: string): Promise<string> {
  const client = postgres(url, { max: 1 })
  const [row] = await client<{ history: string }[]>`select current_history() as history`
  await client.end()
  return createHash('sha256').update(row?.history ?? '').digest('base64url').slice(0, 16)
}

/** Another installation shares neither epoch nor scope with the first. */
function isApart (t: Test, one: DataIdentity, other: DataIdentity, title: string): void {
  t.not(one.epoch, other.epoch, `${title}: another epoch`)
  t.not(one.scope, other.scope, `${title}: another scope`)
}

await withServices(t, 'databases on one server are installations of their own', async (t, { databaseUrl }) => {
  const [one, other] = [await createDatabase(t, databaseUrl), await createDatabase(t, databaseUrl)]
  const [first, second] = [await identityOf(one), await identityOf(other)]
  t.match(first, { installationId: UUID, epoch: /^\S{16}$/, scope: /^\S{16}$/ })
  t.not(first.installationId, second.installationId)
  isApart(t, first, second, 'a database of its own')
  t.strictSame(await identityOf(one), first, 'it stays')
})

await withServices(t, 'neither vacuum nor the other upkeep of tables begins an epoch', async (t, { databaseUrl }) => {
  const url = await createDatabase(t, databaseUrl)
  const before = await identityOf(url)
  const client = postgres(url, { max: 1, onnotice: () => undefined })
  for (const statement of [
    'vacuum freeze',
    'vacuum full installations',
    'vacuum full chat_heads',
    'cluster messages using messages_chat_id_seq_pk',
    'reindex table installations',
    'analyze'
  ]) {
    await client.unsafe(statement)
    t.strictSame(await identityOf(url), before, statement)
  }
  await client.end()
})

await withServices(t, 'a restored dump is another epoch of the same installation', async (t, { databaseUrl }) => {
  const url = await createDatabase(t, databaseUrl)
  const before = await identityOf(url)
  const dump = await dumpDatabase(t, url)
  const seen: [string, DataIdentity][] = [['the origin', before]]
  const restoreInto = async (title: string, target: string, options: string[]) => {
    await restoreDump(dump, target, options)
    const after = await identityOf(target)
    t.equal(after.installationId, before.installationId, title)
    for (const [name, other] of seen) isApart(t, other, after, `${title}, compared with ${name}`)
    seen.push([title, after])
  }
  await restoreInto('into another database', await createDatabase(t, databaseUrl), [])
  await restoreInto('in one transaction', await createDatabase(t, databaseUrl), ['--single-transaction'])
  await restoreInto('over itself', url, ['--clean'])
  await restoreInto('over itself once more', url, ['--clean', '--single-transaction'])
  const client = postgres(url, { max: 1, onnotice: () => undefined })
  await client`truncate installations, epochs, chat_heads, messages`
  await client.end()
  await restoreInto('rows alone', url, [
    '--data-only', '-t', 'installations', '-t', 'epochs', '-t', 'chat_heads', '-t', 'messages'
  ])
})

await withServices(t, 'a copy by template is apart from its origin', async (t, { databaseUrl }) => {
  const url = await createDatabase(t, databaseUrl)
  const before = await identityOf(url)
  const copy = `${new URL(url).pathname.slice(1)}_copy`
  const client = postgres(databaseUrl, { max: 1, onnotice: () => undefined })
  t.teardown(async () => {
    await client`drop database if exists ${client(copy)} with (force)`
    await client.end()
  })
  await client`create database ${client(copy)} template ${client(new URL(url).pathname.slice(1))}`
  isApart(t, before, await identityOf(Object.assign(new URL(url), { pathname: copy }).href), 'a copy')
})

await withServices(t, 'an operator begins an epoch, or makes another installation', async (t, { databaseUrl }) => {
  const url = await createDatabase(t, databaseUrl)
  const before = await identityOf(url)
  await using(url, bumpEpoch)
  const bumped = await identityOf(url)
  t.equal(bumped.installationId, before.installationId)
  isApart(t, before, bumped, 'bumped')
  // The same snapshot of a disk, restored once more.
  await using(url, async (orm) => orm.execute(sql`update epochs set counter = 1`))
  await using(url, bumpEpoch)
  isApart(t, bumped, await identityOf(url), 'bumped again')
  await using(url, renewInstallation)
  const renewed = await identityOf(url)
  t.not(renewed.installationId, before.installationId)
  isApart(t, bumped, renewed, 'renewed')
})

await withServices(t, 'an upgrade from 0.1 goes on with the epoch of 0.1', async (t, { databaseUrl }) => {
  const upgrade = async (t: Test, prepare: (url: string) => Promise<void> = async () => undefined) => {
    const url = await createDatabase(t, databaseUrl)
    await prepare(url)
    await migratePostgres({ url, ...OPTIONS })
    return { url, old: await oldEpochOf(url), identity: await identityOf(url) }
  }
  /** The tables of 0.1, in use. */
  const layOut = async (url: string) => {
    await layOutOldTables(t, url, LAST_OF_FIRST_RELEASE)
    const client = postgres(url, { max: 1 })
    await client`insert into chats (user_low, user_high) values (1, 2)`
    await client.end()
  }
  const upgraded = await upgrade(t, layOut)
  t.equal(upgraded.identity.epoch, upgraded.old)
  const other = await upgrade(t, layOut)
  t.equal(other.identity.epoch, other.old)
  t.not(upgraded.identity.scope, other.identity.scope, 'two of them on one server share no channel')
  await using(upgraded.url, bumpEpoch)
  isApart(t, upgraded.identity, await identityOf(upgraded.url), 'bumped')

  const empty = await upgrade(t)
  t.not(empty.identity.epoch, empty.old, 'a new installation has no epoch of 0.1')

  const origin = await createDatabase(t, databaseUrl)
  await layOut(origin)
  const dump = await dumpDatabase(t, origin)
  for (const options of [[], ['--single-transaction']]) {
    const restored = await upgrade(t, (url) => restoreDump(dump, url, options))
    t.not(restored.identity.epoch, restored.old, `nor does what is restored first: ${options.join()}`)
  }
})

await withServices(t, 'a recovered base backup is another epoch', async (t) => {
  if ((await findPostgres()) === undefined) return
  const folder = path.join(os.tmpdir(), uniqueName('confab-postgres-'))
  const origin = await PostgresServer.create(t, { folder: `${folder}-origin` })
  await origin.start()
  const before = await identityOf(origin.url)
  const backup = await PostgresServer.reserve(t, `${folder}-backup`)
  await backup.copyFrom(origin)
  await using(origin.url, async (orm) => {
    await addChat(orm)
    await orm.execute(sql`checkpoint`)
  })
  await backup.signalRecovery()
  await backup.start()
  await backup.promoted()
  const after = await identityOf(backup.url)
  t.equal(after.installationId, before.installationId)
  isApart(t, before, after, 'recovered')
  await backup.stop('fast')
  await backup.start()
  t.strictSame(await identityOf(backup.url), after, 'a restart is none')
})
