/**
 * The configuration: environment variables → one frozen, checked {@link Config}. This is the only reader of the
 * environment; everything else is handed what it needs.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import path from 'node:path'
import { findMisspelt, withoutSecrets } from './config-report.ts'
import Type, { type Static, type TSchema } from 'typebox'
import Value from 'typebox/value'
import { parseRedisUrl } from './bus/redis-address.ts'
import { splitHosts } from './store/postgres-socket.ts'

const MINIMUM_SECRET_LENGTH = 32
/** What the end of a process takes beside the drain of its sockets, at most. */
const DRAIN_MARGIN_MS = 15_000
const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

// `expected` is our own keyword: what the operator is told when the value is something else.
const integer = (description: string, value: number, minimum: number, maximum = Number.MAX_SAFE_INTEGER) =>
  Type.Integer({ description, default: value, minimum, maximum, expected: `a whole number from ${String(minimum)} to ${String(maximum)}` })
const duration = (description: string, value?: string) =>
  Type.String({ description, ...(value !== undefined && { default: value }), pattern: '^[1-9][0-9]{0,8}(ms|s|m|h|d)$', expected: 'a duration such as 500ms, 10s, 15m, 12h or 60d' })
const LONGEST_TIMER_MS = 24 * UNIT_MS.d
// Node's timers wrap around beyond 2^31 - 1 milliseconds and fire at once.
const timer = (description: string, value?: string) => ({ ...duration(description, value), expected: 'a duration from 1ms to 24d, such as 500ms, 10s or 15m', longestMs: LONGEST_TIMER_MS })
const choice = <const Choices extends string[]>(description: string, choices: Choices, value?: Choices[number]) =>
  Type.Enum(choices, { description, expected: choices.join(', ').replace(/, ([^,]*)$/, ' or $1'), ...(value !== undefined && { default: value }) })
const optional = (description: string, pattern: string) => Type.Optional(Type.String({ description, pattern }))

/** Every variable that Confab reads, with its default, its bounds and its meaning. */
export const EnvironmentSchema = Type.Object({
  HOST: Type.String({ description: 'address to listen on', default: '0.0.0.0', minLength: 1 }),
  PORT: integer('port of HTTP and WebSocket; 0 picks a free one', 5123, 0, 65_535),
  METRICS_PORT: Type.Optional(Type.Integer({ description: 'port of GET /metrics for Prometheus; without it there is none', minimum: 0, maximum: 65_535, expected: 'a whole number from 0 to 65535' })),
  METRICS_HOST: Type.String({ description: 'address of that port', default: '0.0.0.0', minLength: 1 }),
  PUBLIC_URL: optional('base of the links in mails, e.g. https://chat.example.org; http://localhost:PORT without it', '^https?://[^/?#\\s]+$'),
  CORS_ORIGINS: Type.String({ description: 'comma-separated origins of web clients, e.g. https://app.example.org, whose pages may call the API and open sockets', default: '', pattern: '^(https?://[^/?#\\s,]+(,\\s*|$))*$', expected: 'comma-separated origins such as https://app.example.org, without a path' }),
  DATA_DIR: Type.String({ description: 'folder of the embedded store, its secret and the mail file', default: './data', minLength: 1 }),
  DATABASE_URL: optional('Postgres; without it the store is embedded in DATA_DIR. Of several hosts (host:port,host:port) the next is tried when one fails; target_session_attrs=primary passes over standbys', '^postgres(ql)?://.+'),
  DATABASE_POOL: integer('Postgres connections of this replica', 10, 1, 1_000),
  DATABASE_PREPARE: choice('prepared statements; off behind a pgbouncer older than 1.21', ['on', 'off'], 'on'),
  DATABASE_TIMEOUT: timer('time a statement has before Postgres ends it (with DATABASE_PREPARE=off a setting of the role); a second later a server that says nothing is taken for dead', '5s'),
  DATABASE_MIGRATE: choice('on runs the migrations that Postgres lacks at the start; off leaves them to confab migrate, and the replica is not ready before', ['on', 'off'], 'on'),
  REDIS_URL: Type.Optional(Type.String({ description: 'Redis; without it events reach this process only. One server, redis+sentinel://host:port,…/name or redis+cluster://host:port,…; with rediss for TLS', pattern: '^rediss?(\\+sentinel|\\+cluster)?://.+', expected: 'redis://host:port, redis+sentinel://host:port,…/name-of-the-master or redis+cluster://host:port,…' })),
  REDIS_PREFIX: Type.String({ description: 'first part of every channel and key in Redis', default: 'confab:', pattern: '^[\\x21-\\x7e]*$' }),
  JWT_SECRET: optional(`key of access tokens, at least ${String(MINIMUM_SECRET_LENGTH)} characters; required with DATABASE_URL, else made once and kept in DATA_DIR`, `^.{${String(MINIMUM_SECRET_LENGTH)},}$`),
  ACCESS_TOKEN_TTL: duration('life of an access token, and of a socket that gets no newer one', '1d'),
  REFRESH_TOKEN_TTL: duration('life of a session without a refresh', '60d'),
  REFRESH_REUSE_GRACE: duration('a spent refresh token that comes back within this time is refused without revoking the session', '10s'),
  MAIL_TRANSPORT: Type.Optional(choice('how mail leaves; by default whichever of the next two is set, else the file DATA_DIR/outbox.jsonl', ['resend', 'smtp', 'file'])),
  RESEND_API_KEY: optional('key of resend.com', '^\\S+$'),
  SMTP_URL: optional('mail server, e.g. smtp://user:password@mail.example.org:587', '^smtps?://.+'),
  MAIL_FROM: Type.String({ description: 'sender of mails', default: 'Confab <noreply@localhost>', minLength: 3, pattern: '^[^\\r\\n]+$' }),
  EMAIL_VERIFICATION: choice('required refuses every login until the address is proved; optional lets accounts of EmoteChat in before', ['optional', 'required'], 'optional'),
  TRUST_PROXY: Type.String({ description: 'comma-separated networks of proxies whose X-Forwarded-For is believed', default: '', pattern: '^[0-9a-fA-F.:/,\\s]*$' }),
  HEADERS_TIMEOUT: timer('time a client has to send the headers of a request; a quarter later at most it is cut off', '10s'),
  REQUEST_TIMEOUT: timer('time a client has to send a whole request', '30s'),
  IDLE_TIMEOUT: timer('how long an idle HTTP connection is kept; longer than that of a load balancer, which must be the one to close', '72s'),
  RATE_LIMITS: choice('off lifts all rates, for load tests', ['on', 'off'], 'on'),
  LOGIN_FAILURES_PER_ADDRESS: integer('failed logins to one account from one address in 15 minutes; more answer 429', 10, 1),
  LOGIN_FAILURES_PER_ACCOUNT: integer('failed logins to one account in 15 minutes from addresses it was not used from; more of those answer 429', 20, 1),
  LOGIN_FAILURES_PER_MINUTE: integer('failed logins a minute from addresses their accounts were not used from; more of those answer 429', 1_000, 1),
  HIDE_ACCOUNTS: choice('on answers alike whether or not an account exists; implies EMAIL_VERIFICATION=required', ['on', 'off'], 'off'),
  HASH_MEMORY: integer('memory of a password hash (Argon2id) in KiB; with less work than the default passwords are guessed more easily', 19_456, 8, 4_194_304),
  HASH_PASSES: integer('passes of a password hash over its memory; hashes with less work are renewed at the next login', 2, 1, 1_000),
  HASH_CONCURRENCY: integer('password hashes computed at once', 2, 1, 64),
  HASH_QUEUE: integer('password hashes that may wait; more answer 429', 64, 0, 100_000),
  AUTH_DEADLINE: timer('time a new socket has to authenticate', '10s'),
  PING_INTERVAL: timer('time between pings; a socket that has not answered by the next one is dropped', '25s'),
  SESSION_CHECK_INTERVAL: timer('time between look-ups of the sessions of open sockets: how long a socket outlives a revocation that Redis did not carry', '5s'),
  MAX_FRAME_BYTES: integer('largest WebSocket frame accepted', 65_536, 1_024, 16_777_216),
  MAX_UNSENT_BYTES: integer('bytes that may wait for a slow socket before it is closed with 1013', 1_048_576, 65_536),
  MAX_SOCKETS: integer('sockets of this replica', 50_000, 1),
  MAX_SOCKETS_PER_USER: integer('sockets of one user on this replica', 100, 1),
  MAX_CHATS_PER_SOCKET: integer('chats one socket may have joined', 1_000, 1),
  FRAMES_PER_SECOND: integer('frames a socket may send per second, sustained', 100, 1),
  FRAME_BURST: integer('frames a socket may send at once', 400, 1),
  POST_LANES: integer('batches of posts in flight at once', 2, 1, 64),
  POST_BATCH: integer('posts in one batch at the most', 256, 1, 5_000),
  POST_QUEUE: integer('posts that may wait; more are refused', 20_000, 1),
  POST_DEADLINE: duration('how long a post is retried while the database is away', '10s'),
  REBALANCE_PERCENT: integer('part of the sockets above the mean of all replicas that a replica closes a minute, with 1012, so that new replicas get some; 0 closes none', 0, 0, 6_000),
  REBALANCE_INTERVAL: timer('how often replicas tell each other how many sockets they have', '5s'),
  OVERLOAD_EVENT_LOOP_DELAY: timer('mean delay of the event loop beyond which requests and new sockets are refused with 503', '500ms'),
  OVERLOAD_HEAP_PERCENT: integer('part of V8\'s heap limit beyond which they are', 90, 1, 100),
  OVERLOAD_RSS_MIB: Type.Optional(Type.Integer({ description: 'resident memory in MiB beyond which they are, a tenth below the limit of the container; without it any', minimum: 1, maximum: 1_048_576, expected: 'a whole number from 1 to 1048576' })),
  OVERLOAD_POSTS: integer('waiting posts beyond which they are', 5_000, 0),
  SWEEP_INTERVAL: timer('how often subscribed chats are compared with the store', '3s'),
  DRAIN_DELAY: timer('time between failing readiness and closing sockets at SIGTERM, in which new ones are still let in: longer than a load balancer takes to notice', '1ms'),
  DRAIN_WINDOW: timer('time over which sockets are closed at SIGTERM', '1s'),
  DRAIN_TIMEOUT: Type.Optional(timer('time after SIGTERM in which the process ends, in order or not; shorter than what the platform waits before SIGKILL; without it DRAIN_DELAY, DRAIN_WINDOW and 15s')),
  OTEL_EXPORTER_OTLP_ENDPOINT: optional('collector that traces are sent to by OTLP over HTTP, e.g. http://collector:4318; without it there are none', '^https?://[^?#\\s]+$'),
  OTEL_SERVICE_NAME: Type.String({ description: 'what the service is called there', default: 'confab', minLength: 1 }),
  OTEL_TRACES_SAMPLER: choice('which traces are recorded; parentbased_ leaves it to the traceparent of a client, if there is one', ['always_on', 'always_off', 'traceidratio', 'parentbased_always_on', 'parentbased_always_off', 'parentbased_traceidratio'], 'parentbased_always_on'),
  OTEL_TRACES_SAMPLER_ARG: Type.String({ description: 'the part of them for the samplers by ratio', default: '1', pattern: '^(0|1|0?\\.[0-9]{1,9}|1\\.0+)$', expected: 'a number from 0 to 1' }),
  NODE_ENV: Type.Optional(Type.String({ description: 'production refuses defaults that are fit for a trial only' })),
  LOG_LEVEL: choice('least severe event that is logged', ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'info')
})

type Environment = Static<typeof EnvironmentSchema>

/** How mail leaves the process. */
export type MailSettings =
  | { transport: 'resend', apiKey: string }
  | { transport: 'smtp', url: string }
  | { transport: 'file', path: string }

/** What the process runs with. Times are in milliseconds. */
export type Config = ReturnType<typeof loadConfig>

/** The part of {@link Config} that says where everything is kept. */
export type StorageConfig = ReturnType<typeof resolveStorage>

/** The environment cannot be used; `message` is one sentence for the operator and holds no secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/**
 * Reads and checks the environment.
 * @param environment as in `process.env`; empty strings count as absent
 * @throws {ConfigError} on the first wrong value, or a combination that cannot work
 */
export function loadConfig (environment: Record<string, string | undefined>) {
  const values = check(environment)
  const set = Object.keys(environment).filter((name) => environment[name] !== undefined)
  return Object.freeze({
    ...resolve(values),
    /** What it was made from, for the log: without a secret. */
    shown: withoutSecrets(values, SECRET),
    /** Variables that are probably meant for Confab and are not read. */
    misspelt: findMisspelt(set, Object.keys(EnvironmentSchema.properties))
  })
}

/**
 * The part of the environment that administration needs: where accounts and chats are, but no key of tokens and no way
 * out for mail.
 * @throws {ConfigError} on the first wrong value
 */
export function loadStorageConfig (environment: Record<string, string | undefined>): StorageConfig {
  return Object.freeze(resolveStorage(check(environment)))
}

function check (environment: Record<string, string | undefined>): Environment {
  const values: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries(EnvironmentSchema.properties)) {
    const text = environment[name]?.trim()
    const value = text === undefined || text === ''
      ? defaultOf(schema)
      : Type.IsInteger(schema) && /^-?\d+$/.test(text) ? Number(text) : text
    if (value === undefined) continue
    if (!isUsable(name, schema, value)) throw new ConfigError(complaint(name, schema, text ?? ''))
    values[name] = value
  }
  return Value.Parse(EnvironmentSchema, values)
}

function isUsable (name: string, schema: TSchema, value: unknown): boolean {
  if (!Value.Check(schema, value)) return false
  if (name === 'REDIS_URL') return parseRedisUrl(String(value)) !== undefined
  if (name === 'DATABASE_URL') return isReadable(splitHosts(String(value)).url)
  if (name.endsWith('_URL')) return isReadable(String(value))
  if (name === 'CORS_ORIGINS') return commaSeparated(String(value)).every(isReadable)
  if (name === 'TRUST_PROXY') return commaSeparated(String(value)).every(isNetwork)
  return !('longestMs' in schema) || milliseconds(String(value)) <= Number(schema.longestMs)
}

/** Whether a URL can be taken apart, its credentials included: drivers decode them, and repeat them where they fail. */
function isReadable (text: string): boolean {
  try {
    const { username, password } = new URL(text)
    decodeURIComponent(username + password)
    return true
  } catch {
    return false
  }
}

function commaSeparated (text: string): string[] {
  return text.split(',').map((part) => part.trim()).filter((part) => part !== '')
}

/** Whether it is an address, alone or with the length of a prefix. */
function isNetwork (text: string): boolean {
  const [address = '', length, ...rest] = text.split('/')
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
  return rest.length === 0 && bits > 0 && (length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= bits))
}

function defaultOf (schema: TSchema): unknown {
  return 'default' in schema ? schema.default : undefined
}

const SECRET = new Set(['DATABASE_URL', 'REDIS_URL', 'JWT_SECRET', 'RESEND_API_KEY', 'SMTP_URL'])

function complaint (name: string, schema: TSchema, text: string): string {
  const shown = SECRET.has(name) ? 'the value given' : JSON.stringify(text)
  const expected = 'expected' in schema ? schema.expected : 'description' in schema ? schema.description : 'another value'
  return `${name} cannot be ${shown}: expected ${String(expected)}.`
}

function milliseconds (text: string): number {
  const [, amount, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(text) ?? []
  if (unit !== 'ms' && unit !== 's' && unit !== 'm' && unit !== 'h' && unit !== 'd') throw new ConfigError(`${text} is no duration.`)
  return Number(amount) * UNIT_MS[unit]
}

function resolveStorage (env: Environment) {
  return {
    dataDir: path.resolve(env.DATA_DIR),
    database: env.DATABASE_URL === undefined
      ? undefined
      : { url: env.DATABASE_URL, pool: env.DATABASE_POOL, prepare: env.DATABASE_PREPARE === 'on', timeoutMs: milliseconds(env.DATABASE_TIMEOUT), migrate: env.DATABASE_MIGRATE === 'on' },
    redis: redisSettings(env),
    hashing: { cost: { memoryKiB: env.HASH_MEMORY, passes: env.HASH_PASSES }, concurrency: env.HASH_CONCURRENCY, queue: env.HASH_QUEUE }
  }
}

function resolve (env: Environment) {
  const dataDir = path.resolve(env.DATA_DIR)
  return {
    host: env.HOST,
    port: env.PORT,
    metrics: env.METRICS_PORT === undefined ? undefined : { host: env.METRICS_HOST, port: env.METRICS_PORT },
    publicUrl: env.PUBLIC_URL ?? `http://localhost:${String(env.PORT)}`,
    // As browsers write them: in lower case, without the port that goes without saying.
    corsOrigins: commaSeparated(env.CORS_ORIGINS).map((text) => new URL(text).origin),
    ...resolveStorage(env),
    jwtSecret: jwtSecret(env, dataDir),
    accessTokenTtlMs: milliseconds(env.ACCESS_TOKEN_TTL),
    refreshTokenTtlMs: milliseconds(env.REFRESH_TOKEN_TTL),
    refreshReuseGraceMs: milliseconds(env.REFRESH_REUSE_GRACE),
    mail: mailSettings(env, dataDir),
    mailFrom: env.MAIL_FROM,
    // Whoever could log in right after registering would learn whether the address was free.
    isVerificationRequired: env.EMAIL_VERIFICATION === 'required' || env.HIDE_ACCOUNTS === 'on',
    areAccountsHidden: env.HIDE_ACCOUNTS === 'on',
    trustProxy: commaSeparated(env.TRUST_PROXY),
    timeouts: {
      // Node refuses headers that may take longer than the whole.
      headersMs: Math.min(milliseconds(env.HEADERS_TIMEOUT), milliseconds(env.REQUEST_TIMEOUT)),
      requestMs: milliseconds(env.REQUEST_TIMEOUT),
      idleMs: milliseconds(env.IDLE_TIMEOUT)
    },
    rateLimits: env.RATE_LIMITS === 'on',
    loginLimits: { perAddress: env.LOGIN_FAILURES_PER_ADDRESS, perAccount: env.LOGIN_FAILURES_PER_ACCOUNT, everywhere: env.LOGIN_FAILURES_PER_MINUTE },
    sockets: {
      authDeadlineMs: milliseconds(env.AUTH_DEADLINE),
      pingIntervalMs: milliseconds(env.PING_INTERVAL),
      sessionCheckIntervalMs: milliseconds(env.SESSION_CHECK_INTERVAL),
      maxFrameBytes: env.MAX_FRAME_BYTES,
      maxUnsentBytes: env.MAX_UNSENT_BYTES,
      maxSockets: env.MAX_SOCKETS,
      maxSocketsPerUser: env.MAX_SOCKETS_PER_USER,
      maxChatsPerSocket: env.MAX_CHATS_PER_SOCKET,
      framesPerSecond: env.FRAMES_PER_SECOND,
      frameBurst: env.FRAME_BURST
    },
    posting: { lanes: env.POST_LANES, batch: env.POST_BATCH, queue: env.POST_QUEUE, deadlineMs: milliseconds(env.POST_DEADLINE) },
    rebalancing: env.REBALANCE_PERCENT === 0 ? undefined : { percentPerMinute: env.REBALANCE_PERCENT, intervalMs: milliseconds(env.REBALANCE_INTERVAL) },
    overload: { eventLoopDelayMs: milliseconds(env.OVERLOAD_EVENT_LOOP_DELAY), heapPercent: env.OVERLOAD_HEAP_PERCENT, rssMiB: env.OVERLOAD_RSS_MIB, posts: env.OVERLOAD_POSTS },
    sweepIntervalMs: milliseconds(env.SWEEP_INTERVAL),
    drain: drainSettings(env),
    tracing: env.OTEL_EXPORTER_OTLP_ENDPOINT === undefined
      ? undefined
      : { endpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT, serviceName: env.OTEL_SERVICE_NAME, sampler: env.OTEL_TRACES_SAMPLER, ratio: Number(env.OTEL_TRACES_SAMPLER_ARG) },
    logLevel: env.LOG_LEVEL
  }
}

function redisSettings ({ REDIS_URL, REDIS_PREFIX }: Environment) {
  const address = REDIS_URL === undefined ? undefined : parseRedisUrl(REDIS_URL)
  return address && { address, prefix: REDIS_PREFIX }
}

function drainSettings (env: Environment) {
  const [delayMs, windowMs] = [milliseconds(env.DRAIN_DELAY), milliseconds(env.DRAIN_WINDOW)]
  const timeoutMs = env.DRAIN_TIMEOUT === undefined ? delayMs + windowMs + DRAIN_MARGIN_MS : milliseconds(env.DRAIN_TIMEOUT)
  if (timeoutMs <= delayMs + windowMs) throw new ConfigError('DRAIN_TIMEOUT must be longer than DRAIN_DELAY and DRAIN_WINDOW together.')
  return { delayMs, windowMs, timeoutMs: Math.min(timeoutMs, LONGEST_TIMER_MS) }
}

function mailSettings (env: Environment, dataDir: string): MailSettings {
  const transport = env.MAIL_TRANSPORT ??
    (env.RESEND_API_KEY !== undefined ? 'resend' : env.SMTP_URL !== undefined ? 'smtp' : undefined)
  if (transport === 'resend') {
    if (env.RESEND_API_KEY === undefined) throw new ConfigError('MAIL_TRANSPORT=resend needs RESEND_API_KEY.')
    return { transport, apiKey: env.RESEND_API_KEY }
  }
  if (transport === 'smtp') {
    if (env.SMTP_URL === undefined) throw new ConfigError('MAIL_TRANSPORT=smtp needs SMTP_URL.')
    return { transport, url: env.SMTP_URL }
  }
  if (transport === undefined && env.NODE_ENV === 'production') {
    throw new ConfigError('Mail has no way out: set RESEND_API_KEY or SMTP_URL, or ask for MAIL_TRANSPORT=file.')
  }
  return { transport: 'file', path: path.join(dataDir, 'outbox.jsonl') }
}

/** With a shared database every replica needs the same key; embedded, one is made at the first start and kept. */
function jwtSecret (env: Environment, dataDir: string): string {
  if (env.JWT_SECRET !== undefined) return env.JWT_SECRET
  if (env.DATABASE_URL !== undefined) {
    throw new ConfigError('JWT_SECRET is required with DATABASE_URL, the same for all replicas (for example from: openssl rand -hex 32).')
  }
  const file = path.join(dataDir, 'jwt-secret')
  const secret = keptSecret(file)
  if (secret.length < MINIMUM_SECRET_LENGTH) throw new ConfigError(`The key in ${file} is too short; remove the file to have a new one made.`)
  return secret
}

/** The key in a file, which is made with the first start. */
function keptSecret (file: string): string {
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
    makeSecret(file)
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new ConfigError(`DATA_DIR cannot be used: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function makeSecret (file: string): void {
  try {
    writeFileSync(file, randomBytes(32).toString('hex'), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}
