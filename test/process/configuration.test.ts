import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import t, { type Test } from '../support/tap.ts'
import { loadConfig } from '../../src/config/config.ts'
import { EnvironmentSchema } from '../../src/config/environment.ts'
import { ConfigError } from '../../src/config/errors.ts'
import { withServices } from '../support/servers/deployments.ts'
import { spawnReplica } from '../support/servers/process.ts'
import { runConfab, runToEnd, temporaryFolder } from '../support/servers/program.ts'
import { createDatabase } from '../support/servers/database.ts'
import { temporaryStore } from '../support/servers/embedded-store.ts'
import { startRedisServer, withRedisServers } from '../support/servers/redis-server.ts'

const JWT_SECRET = 'k'.repeat(32)
/** Part of every credential below: it may not be said aloud. */
const HIDDEN = 'hidden'
/** The settings that production requires. */
const PRODUCTION = {
  NODE_ENV: 'production',
  DATABASE_URL: `postgres://confab:${HIDDEN}@db/confab`,
  JWT_SECRET,
  PUBLIC_URL: 'https://chat.example.org',
  SMTP_URL: `smtp://confab:${HIDDEN}@mail`,
  MAIL_FROM: 'Confab <noreply@example.org>'
}

t.setTimeout(300_000)

/** What is said of an environment; undefined when it is taken. */
function complaintAbout (environment: Record<string, string>): string | undefined {
  try {
    loadConfig({ JWT_SECRET, ...environment })
    return undefined
  } catch (error) {
    return error instanceof ConfigError ? error.message : `no ConfigError: ${String(error)}`
  }
}

/** Environments with a wrong value, each with what must be said of it. */
type Cases = (readonly [Record<string, string>, string | RegExp])[]

function expectComplaints (t: Test, cases: Cases): void {
  for (const [environment, expected] of cases) {
    const said = complaintAbout(environment) ?? 'nothing'
    const title = JSON.stringify(environment)
    if (typeof expected === 'string') t.equal(said, expected, title)
    else t.match(said, expected, title)
    t.notMatch(said, /\n/, 'in one line')
    t.notMatch(said, HIDDEN, 'without a secret')
  }
}

t.test('without an environment it has the defaults of the table', async (t) => {
  t.hasStrict(loadConfig({ JWT_SECRET }), {
    host: '0.0.0.0',
    port: 5123,
    publicUrl: 'http://localhost:5123',
    dataDir: path.resolve('data'),
    database: { url: undefined, pool: 10, prepare: true, timeoutMs: 5_000, waitMs: 60_000, migrate: true },
    redis: undefined,
    jwtSecrets: [JWT_SECRET],
    accessTokenTtlMs: 86_400_000,
    refreshTokenTtlMs: 60 * 86_400_000,
    mail: { transport: 'file', path: path.resolve('data', 'outbox.jsonl') },
    trustProxy: [],
    rateLimits: true,
    loginLimits: { perAddress: 10, perAccount: 20, everywhere: 1_000 },
    areAccountsHidden: false,
    isVerificationRequired: false,
    logLevel: 'info'
  })
})

t.test('what is set is taken over, without blanks around it', async (t) => {
  const config = loadConfig({
    HOST: '127.0.0.1',
    PORT: ' 8080 ',
    PUBLIC_URL: 'https://chat.example.org',
    DATA_DIR: '/srv/confab',
    DATABASE_URL: 'postgres://confab@db/confab',
    DATABASE_POOL: '20',
    DATABASE_PREPARE: 'off',
    DATABASE_TIMEOUT: '2s',
    REDIS_URL: 'rediss://cache:6380',
    REDIS_PREFIX: 'one:',
    JWT_SECRET,
    ACCESS_TOKEN_TTL: '15m',
    REFRESH_TOKEN_TTL: '500ms',
    SMTP_URL: 'smtp://mail',
    TRUST_PROXY: '10.0.0.0/8, ::1',
    RATE_LIMITS: 'off',
    DRAIN_DELAY: '12h',
    LOG_LEVEL: 'silent',
    UNKNOWN: 'x'
  })
  t.hasStrict(config, {
    host: '127.0.0.1',
    port: 8_080,
    publicUrl: 'https://chat.example.org',
    dataDir: path.resolve('/srv/confab'),
    database: { url: 'postgres://confab@db/confab', pool: 20, prepare: false, timeoutMs: 2_000 },
    redis: {
      address: {
        nodes: [{ host: 'cache', port: 6380 }],
        kind: 'single',
        masterName: '',
        isEncrypted: true,
        username: undefined,
        password: undefined,
        sentinelPassword: undefined,
        database: 0
      },
      prefix: 'one:'
    },
    accessTokenTtlMs: 900_000,
    refreshTokenTtlMs: 500,
    mail: { transport: 'smtp', url: 'smtp://mail' },
    trustProxy: ['10.0.0.0/8', '::1'],
    rateLimits: false,
    drain: { delayMs: 43_200_000 },
    logLevel: 'silent'
  })
  t.ok(Object.isFrozen(config))
})

t.test('where accounts are hidden, addresses have to be verified', async (t) => {
  t.hasStrict(loadConfig({ JWT_SECRET, HIDE_ACCOUNTS: 'on' }), {
    areAccountsHidden: true,
    isVerificationRequired: true
  })
})

t.test('an empty or blank value counts as none', async (t) => {
  const expected = loadConfig({ JWT_SECRET })
  for (const value of ['', '  ', '\t\n']) {
    const environment = Object.fromEntries(Object.keys(EnvironmentSchema.properties).map((name) => [name, value]))
    t.strictSame(loadConfig({ ...environment, JWT_SECRET }), expected)
  }
})

t.test('a wrong value is refused with one sentence that names the variable', async (t) => {
  const port = 'expected a whole number from 0 to 65535.'
  const duration = 'expected a duration such as 500ms, 10s, 15m, 12h or 60d.'
  expectComplaints(t, [
    ...['abc', '-1', '65536', '1.5', '1e3', '0x10', '99999999999999999999', '5123;'].map(
      (value) => [{ PORT: value }, `PORT cannot be "${value}": ${port}`] as const
    ),
    ...['1', '0s', '-1d', '1.5h', '1w', '1 d', 'd', '9999999999d'].map(
      (value) => [{ ACCESS_TOKEN_TTL: value }, `ACCESS_TOKEN_TTL cannot be "${value}": ${duration}`] as const
    ),
    ...[
      'chat.example.org',
      'https://',
      'https://chat.example.org/',
      'https://chat.example.org?x',
      'ftp://chat.example.org',
      'https://a b'
    ].map((value) => [{ PUBLIC_URL: value }, /^PUBLIC_URL cannot be ".*": expected .*https:\/\//] as const),
    [{ RATE_LIMITS: 'false' }, 'RATE_LIMITS cannot be "false": expected on or off.'],
    [{ RATE_LIMITS: 'OFF' }, 'RATE_LIMITS cannot be "OFF": expected on or off.'],
    [
      { LOG_LEVEL: 'verbose' },
      'LOG_LEVEL cannot be "verbose": expected fatal, error, warn, info, debug, trace or silent.'
    ],
    [{ LOG_LEVEL: 'info\nwarn' }, /^LOG_LEVEL cannot be "info\\nwarn"/],
    [{ MAIL_TRANSPORT: 'pigeon' }, 'MAIL_TRANSPORT cannot be "pigeon": expected resend, smtp or file.'],
    [{ MAIL_FROM: 'Confab\r\nBcc: eve@example.org' }, /^MAIL_FROM cannot be /],
    [{ HASH_CONCURRENCY: '0' }, 'HASH_CONCURRENCY cannot be "0": expected a whole number from 1 to 64.'],
    [{ MAX_FRAME_BYTES: '1023' }, 'MAX_FRAME_BYTES cannot be "1023": expected a whole number from 1024 to 16777216.'],
    [{ TRUST_PROXY: 'true' }, /^TRUST_PROXY cannot be "true": expected .*networks/],
    ...[
      '*',
      'null',
      'app.example.org',
      'https://app.example.org/',
      'https://app.example.org https://b',
      'https://app:port',
      'ftp://app.example.org'
    ].map(
      (value) => [{ CORS_ORIGINS: value }, /^CORS_ORIGINS cannot be ".*": expected comma-separated origins/] as const
    ),
    ...['10.0.0.0/33', '::1/129', '10.0.0.0/', '10.0.0/8', '10.0.0.0/8/8', '1:2', '10.0.0.0/8,,x', '.'].map(
      (value) => [{ TRUST_PROXY: value }, /^TRUST_PROXY cannot be ".*": expected .*networks/] as const
    ),
    [{ REDIS_PREFIX: 'a b' }, /^REDIS_PREFIX cannot be "a b"/]
  ])
})

t.test('listed origins are understood the way browsers write them', async (t) => {
  const origins = (CORS_ORIGINS: string) => loadConfig({ JWT_SECRET, CORS_ORIGINS }).corsOrigins
  t.strictSame(origins(''), [])
  t.strictSame(origins('https://App.Example.org:443,http://localhost:3000, https://[::1]:8443'), [
    'https://app.example.org',
    'http://localhost:3000',
    'https://[::1]:8443'
  ])
})

t.test('headers have no more time than the whole request', async (t) => {
  t.strictSame(loadConfig({ JWT_SECRET, HEADERS_TIMEOUT: '1m', REQUEST_TIMEOUT: '20s' }).timeouts, {
    headersMs: 20_000,
    requestMs: 20_000,
    idleMs: 72_000
  })
})

t.test('what may hold a credential is refused without being repeated', async (t) => {
  expectComplaints(t, [
    ...[`mysql://confab:${HIDDEN}@db/confab`, 'postgres://', `db/${HIDDEN}`].map(
      (value) => [{ DATABASE_URL: value }, /^DATABASE_URL cannot be the value given: expected .*Postgres/] as const
    ),
    ...[`http://:${HIDDEN}@cache`, 'redis://', HIDDEN].map(
      (value) => [{ REDIS_URL: value }, /^REDIS_URL cannot be the value given: expected redis:/] as const
    ),
    ...[HIDDEN.padEnd(31, '.'), HIDDEN].map(
      (value) =>
        [{ JWT_SECRET: value }, /^JWT_SECRET cannot be the value given: expected .*at least 32 characters/] as const
    ),
    [{ RESEND_API_KEY: `re_${HIDDEN} key` }, /^RESEND_API_KEY cannot be the value given/],
    [{ SMTP_URL: `http://confab:${HIDDEN}@mail` }, /^SMTP_URL cannot be the value given: expected .*smtp:\/\//]
  ])
})

t.test('a URL that cannot be read is refused by the name of its variable', async (t) => {
  const broken = (scheme: string) => [
    `${scheme}://confab:${HIDDEN}@host:port/x`,
    `${scheme}://confab:${HIDDEN}@[::1/x`,
    `${scheme}://confab:${HIDDEN}#@host/x`,
    `${scheme}://confab:%zz${HIDDEN}@host/x`
  ]
  expectComplaints(t, [
    ...broken('postgres').map((value) => [{ DATABASE_URL: value }, /^DATABASE_URL /] as const),
    ...broken('redis').map((value) => [{ REDIS_URL: value }, /^REDIS_URL /] as const)
  ])
})

t.test('a time that no timer can hold is refused', async (t) => {
  // Node's timers wrap around beyond 2^31 - 1 milliseconds and fire at once.
  const names = [
    'AUTH_DEADLINE',
    'PING_INTERVAL',
    'SESSION_CHECK_INTERVAL',
    'SWEEP_INTERVAL',
    'HEADERS_TIMEOUT',
    'REQUEST_TIMEOUT',
    'IDLE_TIMEOUT',
    'DRAIN_DELAY',
    'DRAIN_WINDOW'
  ]
  expectComplaints(
    t,
    names.map((name) => [{ [name]: '25d' }, new RegExp(`^${name} `)])
  )
  t.strictSame(
    names.map((name) => complaintAbout({ [name]: '24d' })),
    names.map(() => undefined)
  )
})

t.test('a folder that cannot be used is refused by the name of its variable', async (t) => {
  const folder = t.testdir({ file: '' })
  expectComplaints(t, [
    [{ JWT_SECRET: '', DATA_DIR: path.join(folder, 'file', 'below') }, /^DATA_DIR /],
    [{ JWT_SECRET: '', DATA_DIR: path.join(folder, 'file') }, /^DATA_DIR /]
  ])
})

t.test('the key of the tokens is made once, for its owner only, and kept', async (t) => {
  const folder = path.join(t.testdir(), 'made', 'for', 'it')
  const file = path.join(folder, 'jwt-secret')
  const { jwtSecrets: [jwtSecret] } = loadConfig({ DATA_DIR: folder })
  t.ok(jwtSecret.length >= 32)
  t.equal((await stat(file)).mode & 0o777, 0o600)
  t.equal((await stat(folder)).mode & 0o777, 0o700)
  t.equal(loadConfig({ DATA_DIR: folder }).jwtSecrets[0], jwtSecret, 'the next start has the same')
  const another = loadConfig({ DATA_DIR: path.join(t.testdir(), 'another') })
  t.not(another.jwtSecrets[0], jwtSecret, 'another folder has another')
  t.equal(loadConfig({ DATA_DIR: folder, JWT_SECRET }).jwtSecrets[0], JWT_SECRET, 'the environment comes first')
})

t.test('a key that is given is written nowhere', async (t) => {
  const folder = path.join(t.testdir(), 'not-made')
  loadConfig({ DATA_DIR: folder, JWT_SECRET })
  t.notOk(existsSync(folder))
})

t.test('a key file that is too short is refused', async (t) => {
  const folder = t.testdir({ 'jwt-secret': HIDDEN })
  expectComplaints(t, [[{ JWT_SECRET: '', DATA_DIR: folder }, /jwt-secret is too short; remove the file/]])
  await writeFile(path.join(folder, 'jwt-secret'), `${JWT_SECRET}\n`)
  t.equal(
    loadConfig({ DATA_DIR: folder }).jwtSecrets[0],
    JWT_SECRET,
    'one that is long enough is read without its line break'
  )
})

t.test('with a shared database the key must be given', async (t) => {
  const folder = t.testdir({ 'jwt-secret': JWT_SECRET })
  expectComplaints(t, [
    [
      { JWT_SECRET: '', DATA_DIR: folder, DATABASE_URL: `postgres://confab:${HIDDEN}@db/confab` },
      /^JWT_SECRET is required with DATABASE_URL/
    ]
  ])
})

t.test('mail leaves by what is set, and in production by nothing that was not asked for', async (t) => {
  const [RESEND_API_KEY, SMTP_URL] = [`re_${HIDDEN}`, `smtp://confab:${HIDDEN}@mail`]
  const transport = (environment: Record<string, string>) => loadConfig({ JWT_SECRET, ...environment }).mail.transport
  t.strictSame(
    [
      transport({}),
      transport({ RESEND_API_KEY }),
      transport({ SMTP_URL }),
      transport({ RESEND_API_KEY, SMTP_URL, MAIL_TRANSPORT: 'smtp' }),
      transport({ SMTP_URL, MAIL_TRANSPORT: 'file' }),
      transport({ ...PRODUCTION, SMTP_URL: '', RESEND_API_KEY }),
      transport({ ...PRODUCTION, SMTP_URL }),
      transport({ ...PRODUCTION, SMTP_URL: '', MAIL_TRANSPORT: 'file' }),
      transport({ NODE_ENV: 'development' })
    ],
    ['file', 'resend', 'smtp', 'smtp', 'file', 'resend', 'smtp', 'file', 'file']
  )
  expectComplaints(t, [
    [{ MAIL_TRANSPORT: 'resend', SMTP_URL }, 'MAIL_TRANSPORT=resend needs RESEND_API_KEY.'],
    [{ MAIL_TRANSPORT: 'smtp', RESEND_API_KEY }, 'MAIL_TRANSPORT=smtp needs SMTP_URL.'],
    [
      { ...PRODUCTION, SMTP_URL: '' },
      'Mail has no way out: set RESEND_API_KEY or SMTP_URL, or ask for MAIL_TRANSPORT=file.'
    ]
  ])
})

t.test('what is shown of it holds no secret', async (t) => {
  const shown = JSON.stringify(
    loadConfig({
      JWT_SECRET: `${HIDDEN}-key-of-more-than-32-characters`,
      DATABASE_URL: `postgres://confab:${HIDDEN}@db/confab`,
      REDIS_URL: `redis://:${HIDDEN}@cache`,
      SMTP_URL: `smtp://confab:${HIDDEN}@mail`,
      RESEND_API_KEY: `re_${HIDDEN}`,
      MAIL_TRANSPORT: 'smtp',
      OTEL_EXPORTER_OTLP_ENDPOINT: `https://user:${HIDDEN}@collector:4318`,
      PORT: '8080'
    }).shown
  )
  t.notMatch(shown, HIDDEN)
  t.match(shown, /"PORT":8080.*"DATABASE_URL":"\(set\)".*"OTEL_EXPORTER_OTLP_ENDPOINT":"https:\/\/collector:4318"/)
})

t.test('names that are a slip away from a variable are noticed, others are not', async (t) => {
  const misspelt = (...names: string[]) =>
    loadConfig({ JWT_SECRET, ...Object.fromEntries(names.map((name) => [name, 'x'])) }).unknownVariables.map(
      ({ name, meant }) => `${name}=${meant}`
    )
  t.strictSame(misspelt('REDIS_URI', 'DATABSE_URL', 'Drain_Windows', 'LOG_LEVE', 'MAX_SOCKET'), [
    'REDIS_URI=REDIS_URL',
    'DATABSE_URL=DATABASE_URL',
    'Drain_Windows=DRAIN_WINDOW',
    'LOG_LEVE=LOG_LEVEL',
    'MAX_SOCKET=MAX_SOCKETS'
  ])
  t.strictSame(
    misspelt(
      'HOME',
      'HOSTNAME',
      'PATH',
      'POST',
      'REDIS_PORT',
      'DATABASE_PORT',
      'LOGNAME',
      'NODE_PATH',
      'CONFAB_SERVICE_HOST',
      'KUBERNETES_PORT',
      'npm_config_user_agent'
    ),
    []
  )
  t.strictSame(
    loadConfig({ JWT_SECRET, LOG_LEVE: 'x', LOG_LEVEL: 'info' }).unknownVariables,
    [],
    'nor is one whose right form is set as well'
  )
})

await t.test('a process with a wrong value ends with 1 and one line', async (t) => {
  const DATA_DIR = await temporaryFolder(t)
  const cases: [Record<string, string>, RegExp][] = [
    [{ PORT: 'abc' }, /^PORT cannot be "abc": expected a whole number from 0 to 65535\.\n$/],
    [{ JWT_SECRET: HIDDEN }, /^JWT_SECRET [^\n]+\n$/],
    [{ JWT_SECRET, DATABASE_URL: `postgres://confab:${HIDDEN}@host:port/confab` }, /^DATABASE_URL [^\n]+\n$/]
  ]
  for (const [environment, expected] of cases) {
    const { code, stdout, stderr } = await runToEnd({ DATA_DIR, ...environment })
    t.match(stderr, expected, JSON.stringify(environment))
    t.notMatch(stderr, HIDDEN)
    t.strictSame([code, stdout], [1, ''])
  }
})

const STORE_NEEDED = /^NODE_ENV=production needs DATABASE_URL, or EMBEDDED_STORE=on for/

await t.test('in production nothing is embedded that was not asked for', async (t) => {
  const DATA_DIR = path.join(await temporaryFolder(t), 'data')
  const environment = { NODE_ENV: 'production', DATA_DIR }
  const server = await runToEnd(environment)
  t.match(server, { code: 1, stdout: '', stderr: STORE_NEEDED })
  t.match(await runConfab(['migrate'], environment), { code: 1, stdout: '', stderr: STORE_NEEDED })
  t.notOk(existsSync(DATA_DIR), 'and nothing is made')
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
    t.notOk((server.stdout() + server.stderr()).includes(loadConfig({ DATA_DIR }).jwtSecrets[0]))
    server.kill('SIGTERM')
    await server.exited
  })

  await t.test('ends with 1 and one line when its port is taken', async (t) => {
    const other = createServer().listen(0, '127.0.0.1')
    t.teardown(() => other.close())
    await once(other, 'listening')
    const address = other.address()
    const PORT = String(typeof address === 'object' ? address?.port : address)
    const { code, stderr } = await runToEnd({ DATA_DIR, PORT })
    t.equal(stderr, `PORT: 127.0.0.1:${PORT} is in use: stop the program that listens there, or set another PORT.\n`)
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
