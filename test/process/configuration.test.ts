import { once } from 'node:events'
import { createServer } from 'node:net'
import t from '../support/tap.ts'
import { loadConfig } from '../../src/config/config.ts'
import { createDatabase } from '../support/servers/database.ts'
import { withServices } from '../support/servers/deployments.ts'
import { temporaryStore } from '../support/servers/embedded-store.ts'
import { spawnReplica } from '../support/servers/process.ts'
import { runToEnd, temporaryFolder } from '../support/servers/program.ts'
import { startRedisServer, withRedisServers } from '../support/servers/redis-server.ts'

const JWT_SECRET = 'k'.repeat(32)
/** Part of every credential below: it must not be shown. */
const HIDDEN = 'hidden'

t.setTimeout(300_000)

await t.test('a process with a wrong value ends with 1 and one line', async (t) => {
  const DATA_DIR = await temporaryFolder(t)
  const cases: [Record<string, string>, RegExp][] = [
    [{ PORT: 'abc' }, /^PORT cannot be "abc": expected a whole number from 0 to 65535\.\n$/],
    [{ JWT_SECRET: HIDDEN, DATABASE_URL: 'postgres://db/confab' }, /^JWT_SECRET [^\n]+\n$/],
    [{ JWT_SECRET, DATABASE_URL: `postgres://confab:${HIDDEN}@host:port/confab` }, /^DATABASE_URL [^\n]+\n$/]
  ]
  for (const [environment, expected] of cases) {
    const { code, stdout, stderr } = await runToEnd({ DATA_DIR, ...environment })
    t.match(stderr, expected, JSON.stringify(environment))
    t.notMatch(stderr, HIDDEN)
    t.strictSame([code, stdout], [1, ''])
  }
})

await t.test('an embedded server', async (t) => {
  const DATA_DIR = await temporaryStore(t)

  await t.test('says in one line where it is and what it runs on', async (t) => {
    const server = await spawnReplica(t, { DATA_DIR, SWEEP_INTERVALL: '1s' })
    t.match(server.stdout(), '"configuration":{"HOST":"127.0.0.1"')
    t.match(server.stdout(), 'SWEEP_INTERVALL is no variable of Confab: SWEEP_INTERVAL was probably meant')
    t.strictSame(startLines(server.stdout()).map((line) => line.replace(/Postgres \d+\.\d+ /, 'Postgres ')), [
      `Confab serves ${server.url} on embedded Postgres in ${DATA_DIR}/postgres, events inside this process, mail by ` +
      `file ${DATA_DIR}/outbox.jsonl`
    ])
    t.notOk((server.stdout() + server.stderr()).includes(loadConfig({ DATA_DIR }).jwtSecret))
    server.kill('SIGTERM')
    await server.exited
  })

  await t.test('ends with 1 and one line when its port is taken', async (t) => {
    const other = createServer().listen(0, '127.0.0.1')
    t.teardown(() => other.close())
    await once(other, 'listening')
    const address = other.address()
    const { code, stderr } = await runToEnd({
      DATA_DIR,
      PORT: String(typeof address === 'object' ? address?.port : address)
    })
    t.equal(stderr, 'The port is in use: stop whatever listens there, or set another PORT.\n')
    t.equal(code, 1)
  })
})

await withServices(t, 'a replica names its services', async (t, { databaseUrl }) => {
  await withRedisServers(t, 'and no credential', async (t) => {
    const redis = await startRedisServer(t, ['--requirepass', `${HIDDEN}-cache`])
    const database = new URL(await createDatabase(t, databaseUrl))
    // A server that trusts its clients takes any password; one that does not has its own in the URL.
    if (database.password === '') database.password = `${HIDDEN}-database`
    const server = await spawnReplica(t, {
      DATA_DIR: await temporaryFolder(t),
      DATABASE_URL: database.href,
      DATABASE_POOL: '2',
      REDIS_URL: redis.url.replace('//', `//default:${HIDDEN}-cache@`),
      JWT_SECRET: `${HIDDEN}-key-of-more-than-32-characters`,
      SMTP_URL: `smtp://confab:${HIDDEN}-mail@mail.example.org:2525`
    })
    const at = `${database.hostname}:${database.port === '' ? '5432' : database.port}${database.pathname}`
    t.strictSame(startLines(server.stdout()), [
      `Confab serves ${server.url} on Postgres ${at}, Redis 127.0.0.1:${String(redis.port)}, mail by SMTP ` +
      'mail.example.org:2525'
    ])
    const said = server.stdout() + server.stderr()
    t.notMatch(said, HIDDEN)
    t.notOk(said.includes(database.password))
  })
})

function startLines (output: string): string[] {
  return output
    .split('\n')
    .filter((line) => line.includes('Confab serves'))
    .map((line) => {
      const event: unknown = JSON.parse(line)
      return typeof event === 'object' && event !== null && 'msg' in event && typeof event.msg === 'string'
        ? event.msg
        : ''
    })
}
