import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Sql } from 'postgres'
import t, { type Test } from '../support/tap.ts'
import { packageName } from '../../src/store/embedded/binaries.ts'
import { findUser } from '../../src/store/embedded/identity.ts'
import { prepareInstallation } from '../../src/store/embedded/installation.ts'
import { connectTo } from '../../src/store/embedded/moving/client.ts'
import { type EmbeddedOptions, startEmbeddedPostgres } from '../../src/store/embedded/start.ts'
import { within } from '../support/deadline.ts'
import { temporaryStore } from '../support/servers/embedded-store.ts'
import { ROOT } from '../support/servers/process.ts'
import { temporaryFolder } from '../support/servers/program.ts'

const DEADLINE_MS = 60_000
const INTERVAL_MS = 20
const IS_ROOT = process.getuid?.() === 0
/** No entry of /etc/passwd has it. */
const NAMELESS = 54_321
const SECRET = 'nobody-may-read-this'

const exec = promisify(execFile)

t.setTimeout(300_000)

async function start (t: Test, options: EmbeddedOptions) {
  const server = await startEmbeddedPostgres(options)
  t.teardown(() => server.stop())
  return server
}

function connect (t: Test, url: string): Sql {
  const client = connectTo(url)
  t.teardown(() => client.end())
  return client
}

/** Asks until it is so. */
async function eventually (isSo: () => Promise<boolean>, what: string): Promise<void> {
  const look = async () => {
    while (!(await isSo())) await delay(INTERVAL_MS)
  }
  await within(look(), DEADLINE_MS, what)
}

async function serverPid (dataDir: string): Promise<number> {
  return Number.parseInt(await readFile(path.join(dataDir, 'postgres', 'postmaster.pid'), 'utf8'), 10)
}

function isAlive (pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

await t.test('it is durable, reached by its own user alone, and its application is no superuser', async (t) => {
  const dataDir = await temporaryStore(t)
  const { url, superuserUrl } = await start(t, { dataDir })
  const client = connect(t, url)
  const expected = {
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    data_checksums: 'on',
    server_encoding: 'UTF8',
    listen_addresses: ''
  }
  const rows = await client<{ name: string, setting: string }[]>`select name, setting from pg_settings`
  const settings = Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))
  t.match(settings, expected)
  t.equal((await stat(path.join(dataDir, 'postgres'))).mode & 0o777, 0o700)
  const role = (sql: Sql) => sql`select current_user::text as name, rolsuper from pg_roles where rolname = current_user`
  t.strictSame([...(await role(client))], [{ name: 'confab', rolsuper: false }])
  t.strictSame([...(await role(connect(t, superuserUrl)))], [{ name: 'postgres', rolsuper: true }])
})

await t.test('its log has neither statements nor values in it', async (t) => {
  const dataDir = await temporaryStore(t)
  const lines: string[] = []
  const note = (_details: object, line: string) => lines.push(line)
  const log = { debug: note, info: note, warn: note, error: note }
  const server = await start(t, { dataDir, log })
  const client = connect(t, server.url)
  await client.unsafe('create table notes (note text primary key)')
  await client`insert into notes values (${SECRET})`
  await t.rejects(client`insert into notes values (${SECRET})`, { code: '23505' })
  await t.rejects(client`select ${SECRET}::text::integer`, { code: '22P02' })
  await t.rejects(client.unsafe(`select '${SECRET}' from nowhere`), { code: '42P01' })
  // Severe enough to be logged, as few messages are; its details, its context and its statement may have values.
  await client.unsafe(`do $$ begin raise log 'a notice' using detail = '${SECRET}'; end $$`)
  await client.end()
  await server.stop()
  t.ok(lines.includes('a notice'), 'severe messages are logged')
  t.ok(lines.includes('database system is shut down'))
  t.strictSame(lines.filter((line) => line.includes(SECRET)), [])
})

await t.test('killed, it is started again with all that was committed', async (t) => {
  const dataDir = await temporaryStore(t)
  const server = await start(t, { dataDir })
  await connect(t, server.url).unsafe('create table notes as select 1 as note')
  const killed = await serverPid(dataDir)
  process.kill(killed, 'SIGKILL')
  await eventually(() => connectTo(server.url)`select 1`.then(() => true, () => false), 'the server to be back')
  t.not(await serverPid(dataDir), killed)
  t.strictSame([...(await connect(t, server.url)`select note from notes`)], [{ note: 1 }])
  await server.stop()
  t.notOk(isAlive(killed))
})

/** Starts a server and stays. */
const HOLDER = `
import { startEmbeddedPostgres } from './dist/store/embedded/start.js'
await startEmbeddedPostgres({ dataDir: process.argv[1] })
console.log('started')
`

async function startHolder (t: Test, dataDir: string, uid?: number) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', HOLDER, dataDir], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {},
    ...(uid !== undefined && { uid, gid: uid })
  })
  t.teardown(() => child.kill('SIGKILL'))
  await within(once(createInterface(child.stdout), 'line'), DEADLINE_MS, 'the server to start')
  return { child, pid: await serverPid(dataDir) }
}

await t.test('it ends by itself when its process is killed', async (t) => {
  const dataDir = await temporaryStore(t)
  const { child, pid } = await startHolder(t, dataDir)
  child.kill('SIGKILL')
  await eventually(async () => !isAlive(pid), 'the server to end')
  await t.rejects(stat(path.join(dataDir, 'postgres', 'postmaster.pid')), { code: 'ENOENT' }, 'in order')
})

await t.test('left behind by all who could end it, it is ended by the next start', async (t) => {
  const dataDir = await temporaryStore(t)
  const { child, pid } = await startHolder(t, dataDir)
  const { stdout } = await exec('ps', ['-o', 'pid=', '--ppid', String(child.pid)])
  const watchdogs = stdout.trim().split('\n').map(Number).filter((other) => other !== pid)
  t.equal(watchdogs.length, 1)
  for (const watchdog of watchdogs) process.kill(watchdog, 'SIGKILL')
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
  t.ok(isAlive(pid))
  await start(t, { dataDir })
  t.not(await serverPid(dataDir), pid)
  await eventually(async () => !isAlive(pid), 'the other server to end')
})

await t.test('a user without a name can run it', { skip: IS_ROOT ? false : 'not root' }, async (t) => {
  const dataDir = await temporaryFolder(t)
  await chown(dataDir, NAMELESS, NAMELESS)
  const { child, pid } = await startHolder(t, dataDir, NAMELESS)
  t.equal((await stat(`/proc/${String(pid)}`)).uid, NAMELESS)
  child.kill('SIGKILL')
  await eventually(async () => !isAlive(pid), 'the server to end')
})

await t.test('a folder that it cannot open is refused by a sentence, and stays as it is', async (t) => {
  const dataDir = await temporaryStore(t)
  const file = path.join(dataDir, 'postgres', 'PG_VERSION')
  await writeFile(file, '17\n')
  await t.rejects(startEmbeddedPostgres({ dataDir }), {
    name: 'EmbeddedStoreError',
    message: /made by PostgreSQL 17, and PostgreSQL \d+\.\d+ cannot open it: run confab upgrade-embedded\.$/
  })
  t.equal(await readFile(file, 'utf8'), '17\n')
  await rm(file)
  await t.rejects(startEmbeddedPostgres({ dataDir }), { message: /is no data folder of Postgres: remove it, or choose/ })
  t.ok((await stat(path.join(dataDir, 'postgres', 'base'))).isDirectory())
})

await t.test('a start that was cut off leaves nothing that the next one takes for a store', async (t) => {
  const dataDir = await temporaryFolder(t)
  await mkdir(path.join(dataDir, 'postgres.new', 'base'), { recursive: true })
  await writeFile(path.join(dataDir, 'postgres.new', 'PG_VERSION'), '18\n')
  const { url } = await start(t, { dataDir, fsync: false })
  t.strictSame([...(await connect(t, url)`select 1 as one`)], [{ one: 1 }])
  await t.rejects(stat(path.join(dataDir, 'postgres.new')), { code: 'ENOENT' })
})

await t.test('programs run without the links that the package cannot bring', async (t) => {
  const native = fileURLToPath(new URL('../native', import.meta.resolve(packageName())))
  for (const isSelfContained of [false, true]) {
    const folder = path.join(await temporaryFolder(t), 'programs')
    const programs = await prepareInstallation(native, folder, isSelfContained)
    const { stdout } = await exec(path.join(programs, 'postgres'), ['--version'], { env: {} })
    t.match(stdout, /^postgres \(PostgreSQL\) \d/)
  }
})

await t.test('root finds another user who can use a folder', { skip: IS_ROOT ? false : 'not root' }, async (t) => {
  const folder = await temporaryFolder(t)
  await chmod(folder, 0o711)
  const own = path.join(folder, 'own')
  await mkdir(own, { mode: 0o700 })
  const give = async ({ uid, gid }: { uid: number, gid: number }) => chown(own, uid, gid)
  const user = await findUser('/bin/true', own, [], give)
  t.match(user, { kind: 'user' })
  t.not((await stat(own)).uid, 0)
  await chmod(folder, 0o700)
  t.equal(await findUser('/bin/true', own, [], give), undefined, 'and none where none can go')
})
