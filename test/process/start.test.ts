import { once } from 'node:events'
import { chmod, mkdir, readdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import t from '../support/tap.ts'
import { portOf } from '../../src/lib/listening.ts'
import { call } from '../support/clients/http.ts'
import { eventually, within } from '../support/deadline.ts'
import { createDatabase, createStore } from '../support/servers/database.ts'
import { withServices } from '../support/servers/deployments.ts'
import { engineUrl } from '../support/servers/engine.ts'
import { IS_ROOT } from '../support/servers/image.ts'
import { beginReplica, freePort, launch, ROOT } from '../support/servers/process.ts'
import { runConfab, runToEnd, temporaryFolder } from '../support/servers/program.ts'
import { startRedisServer, withRedisServers } from '../support/servers/redis-server.ts'
import { startTcpProxy } from '../support/servers/tcp-proxy.ts'

const DEADLINE_MS = 60_000
const NOBODY = 65_534
const JWT_SECRET = 'k'.repeat(32)

t.setTimeout(300_000)

/** The state of a server that may not listen yet, as JSON. */
async function stateOf (url: string, probe: string): Promise<string> {
  const answer = await call(url + probe, 'GET').catch(() => undefined)
  return JSON.stringify({ status: answer?.status, body: answer?.body })
}

await withRedisServers(t, 'all problems of a start are reported at once, before anything is made', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  t.teardown(() => other.close())
  await once(other, 'listening')
  const address = other.address()
  const PORT = String(typeof address === 'object' ? address?.port : address)
  const another = createServer().listen(0, '127.0.0.1')
  t.teardown(() => another.close())
  await once(another, 'listening')
  const CHATCLI_WS_PORT = String(portOf(another))
  const redis = await startRedisServer(t, ['--requirepass', 'right'])
  const nowhere = await freePort()
  const folder = await temporaryFolder(t)
  const environment = {
    DATA_DIR: path.join(folder, 'data'),
    HOST: '127.0.0.1',
    PORT,
    CHATCLI_WS_PORT,
    JWT_SECRET,
    DATABASE_URL: `postgres://confab:hidden@127.0.0.1:${String(nowhere)}/confab`,
    REDIS_URL: redis.url.replace('//', '//:hidden@'),
    LOG_LEVEL: 'loud',
    DRAIN_WINDOW: '9'
  }
  const expected = [
    /^DRAIN_WINDOW cannot be "9"/,
    /^LOG_LEVEL cannot be "loud"/,
    `PORT: 127.0.0.1:${PORT} is in use: stop the program that listens there, or set another PORT.`,
    `CHATCLI_WS_PORT: 127.0.0.1:${CHATCLI_WS_PORT} is in use: stop the program that listens there, or set another ` +
    'CHATCLI_WS_PORT.',
    `Postgres 127.0.0.1:${String(nowhere)}/confab: it cannot be reached: no server listens there.`,
    `Redis 127.0.0.1:${String(redis.port)}: the user or the password is wrong: correct it in REDIS_URL.`
  ]
  const { code, stdout, stderr } = await runToEnd(environment)
  const lines = stderr.trimEnd().split('\n')
  t.strictSame([code, stdout], [1, ''])
  t.equal(lines.length, expected.length, stderr)
  for (const [index, pattern] of expected.entries()) t.match(lines[index], pattern)
  t.notMatch(stderr, 'hidden')
  t.strictSame(await readdir(folder), [])

  const doctor = await runConfab(['doctor'], environment)
  t.equal(doctor.code, 1)
  t.strictSame(
    doctor.stdout.trimEnd().split('\n').map((line) => line.replace(/^FAILED +(Configuration: )?/, '')),
    lines,
    'confab doctor says the same'
  )
})

await withServices(t, 'a replica waits for Postgres', async (t, { databaseUrl }) => {
  const target = new URL(await createDatabase(t, databaseUrl))
  const proxy = await startTcpProxy(t, { host: target.hostname, port: Number(target.port === '' ? 5432 : target.port) })
  await proxy.cut()
  const url = new URL(target)
  url.host = `127.0.0.1:${String(proxy.port)}`
  const environment = { DATABASE_URL: url.href, JWT_SECRET, MAIL_TRANSPORT: 'file', DATABASE_POOL: '2' }
  const waiting = {
    status: 503,
    body: { status: 'unavailable', database: 'down', reason: 'it cannot be reached: no server listens there' }
  }
  const isWaiting = async (url: string) =>
    eventually(async () => (await stateOf(url, '/readyz')) === JSON.stringify(waiting), DEADLINE_MS)

  await t.test('alive and not ready, and serves when it is there', async (t) => {
    const server = await beginReplica(t, environment)
    t.ok(await isWaiting(server.url), server.stdout() + server.stderr())
    t.equal(await stateOf(server.url, '/livez'), '{"status":200,"body":{"status":"ok"}}')
    t.match(server.stdout(), `Postgres 127.0.0.1:${String(proxy.port)}${url.pathname}: it cannot be reached: no server`)
    await proxy.open()
    const isReady = async () => (await stateOf(server.url, '/readyz')).includes('"database":"up"')
    t.ok(await eventually(isReady, DEADLINE_MS), server.stdout() + server.stderr())
    server.kill('SIGTERM')
    await server.exited
    await proxy.cut()
  })

  await t.test('as long as DATABASE_WAIT says, like a migration', async (t) => {
    const settings = { ...environment, DATABASE_WAIT: '1s' }
    for (const ended of await Promise.all([runToEnd(settings), runConfab(['migrate'], settings)])) {
      t.equal(ended.code, 1)
      t.match(ended.stderr, /^(.*Waiting for it\.\n)?Postgres .*: it cannot be reached: no server listens there\.\n$/)
    }
  })

  await t.test('until it is told to stop', async (t) => {
    const server = await beginReplica(t, environment)
    t.ok(await isWaiting(server.url))
    server.kill('SIGTERM')
    t.strictSame(await within(server.exited, DEADLINE_MS, 'the server to end'), { code: 0, signal: null })
    t.notMatch(server.stderr(), /./)
  })
})

/** Stops the process by itself when it says something. */
const STOPS_AT = (text: string) => `
  const { write } = process.stdout
  process.stdout.write = function (chunk, ...rest) {
    if (String(chunk).includes('${text}')) process.kill(process.pid, 'SIGTERM')
    return write.call(this, chunk, ...rest)
  }`
/** Says how many modules of packages are loaded when the signal is handled first. */
const COUNTS_MODULES = `
  import { createRequire } from 'node:module'
  process.on('newListener', (name) => {
    if (name !== 'SIGTERM') return
    console.log('modules: ' + Object.keys(createRequire('/x')('node:module')._cache).length)
    setImmediate(() => process.kill(process.pid, 'SIGTERM'))
  })`

await t.test('a signal ends the start in order at any moment', async (t) => {
  const environment = {
    DATABASE_URL: await createStore(t, engineUrl()),
    DATABASE_POOL: '1',
    JWT_SECRET,
    MAIL_TRANSPORT: 'file'
  }
  const cases: [title: string, module: string, output: RegExp][] = [
    ['while modules are loaded', COUNTS_MODULES, /^modules: 0\n$/],
    ['with the first line of the log', STOPS_AT('"configuration"'), /^(?!.*Confab serves)/s],
    ['in the last turn', STOPS_AT('Confab serves'), /SIGTERM: draining/]
  ]
  for (const [title, module, output] of cases) {
    const server = await beginReplica(t, environment, [module])
    t.strictSame(await within(server.exited, DEADLINE_MS, 'the server to end'), { code: 0, signal: null }, title)
    t.match(server.stdout(), output)
    t.equal(server.stderr(), '')
  }
})

await withServices(t, 'with every service outside nothing is written', async (t, { databaseUrl, redisUrl }) => {
  const folder = await temporaryFolder(t)
  await mkdir(path.join(folder, 'empty'))
  await chmod(folder, 0o755)
  await chmod(path.join(folder, 'empty'), 0o555)
  const server = await launch(t, {
    command: process.execPath,
    parameters: [path.join(ROOT, 'dist', 'main.js')],
    cwd: path.join(folder, 'empty'),
    environment: {
      DATABASE_URL: await createDatabase(t, databaseUrl),
      DATABASE_POOL: '2',
      REDIS_URL: redisUrl,
      SMTP_URL: 'smtp://127.0.0.1:1025',
      JWT_SECRET
    },
    ...(IS_ROOT && { uid: NOBODY })
  })
  t.equal((await call(`${server.url}/readyz`, 'GET')).status, 200)
  t.strictSame(await readdir(path.join(folder, 'empty')), [])
})
