/**
 * The configuration: environment variables → one frozen, checked {@link Config}. This is the only reader of the
 * environment; every other module receives its settings.
 */
import path from 'node:path'
import { parseRedisUrl } from '../lib/redis/address.ts'
import { LONGEST_TIMER_MS, milliseconds } from './durations.ts'
import { type Environment, EnvironmentSchema, SECRETS } from './environment.ts'
import { Problems } from './problems.ts'
import { commaSeparated, readEnvironment } from './read-environment.ts'
import { suggestVariables, withoutSecrets } from './report.ts'
import { checkRules, FILE_RULES, isSearchOn, SERVING_RULES, STORAGE_RULES, transportOf } from './rules.ts'
import { fileSettings } from './file-settings.ts'
import { checkPushKeys, pushSettings } from './push-settings.ts'
import { readKeys, splitKeys, tokenKeys } from './token-key.ts'

/** Maximum time that a stopping process takes in addition to closing its sockets. */
const DRAIN_MARGIN_MS = 15_000

const MS_PER_DAY = 86_400_000

/** How mail is sent. */
export type MailSettings =
  { transport: 'resend', apiKey: string } | { transport: 'smtp', url: string } | { transport: 'file', path: string }

export type { BucketSettings, FileSettings } from './file-settings.ts'
export type { PushSettings } from './push-settings.ts'

/** The settings of the process. Times are in milliseconds. */
export type Config = ReturnType<typeof loadConfig>

/** The part of {@link Config} that says where data is stored. */
export type StorageConfig = ReturnType<typeof loadStorageConfig>

/** The settings before the keys of access tokens are read or made. */
export type InspectedConfig = ReturnType<typeof inspectConfig>['config']

/**
 * Reads and checks the environment.
 * @param environment as in `process.env`; empty strings count as absent
 * @throws {ConfigError} with every wrong value, and every combination that cannot work
 */
export function loadConfig (environment: Record<string, string | undefined>) {
  const { config, values, problems } = inspectConfig(environment)
  /** Keys of access tokens and codes: the first makes them, and all are accepted. */
  const jwtSecrets = tokenKeys(values, problems)
  problems.throwAny()
  return Object.freeze({ ...config, jwtSecrets })
}

/**
 * The same without the keys, and before anything is made.
 * @returns problems instead of throwing them; a wrong value is replaced by its default
 */
export function inspectConfig (environment: Record<string, string | undefined>) {
  const problems = new Problems()
  const values = readEnvironment(environment, problems)
  checkRules([...STORAGE_RULES, ...SERVING_RULES], values, problems)
  checkPushKeys(values, problems)
  const set = Object.keys(environment).filter((name) => environment[name] !== undefined)
  const config = {
    ...resolve(values),
    searchPath: environment['PATH'],
    /** The values for the log, without secrets. */
    shown: withoutSecrets(values, SECRETS),
    /** Variables that are set but unknown, and look like misspelt ones of Confab. */
    unknownVariables: suggestVariables(set, Object.keys(EnvironmentSchema.properties))
  }
  return { config, values, problems }
}

/**
 * The part of the environment that administration needs: where accounts and chats are stored, without the token key and
 * the mail transport.
 * @throws {ConfigError} with every wrong value, and every combination that cannot work
 */
export function loadStorageConfig (environment: Record<string, string | undefined>) {
  const problems = new Problems()
  const values = readEnvironment(environment, problems)
  checkRules(STORAGE_RULES, values, problems)
  problems.throwAny()
  return Object.freeze({
    ...resolveStorage(values),
    /** The keys of `jwtSecrets`, as far as they are there: nothing is made. */
    readKeys: () => readKeys(values),
    /** Where files are stored. @throws {ConfigError} when that cannot work */
    readFileSettings: () => {
      checkRules(FILE_RULES, values, problems)
      problems.throwAny()
      return fileSettings(values)
    },
    /** Folders in which an installed Postgres is looked for, separated as in `PATH`. */
    searchPath: environment['PATH']
  })
}

function resolveStorage (env: Environment) {
  return {
    dataDir: path.resolve(env.DATA_DIR),
    /** Without `url` the store is embedded in `dataDir`. */
    database: {
      url: env.DATABASE_URL,
      ca: env.DATABASE_CA,
      pool: env.DATABASE_POOL,
      prepare: env.DATABASE_PREPARE === 'on',
      timeoutMs: milliseconds(env.DATABASE_TIMEOUT),
      waitMs: milliseconds(env.DATABASE_WAIT),
      migrate: env.DATABASE_MIGRATE === 'on'
    },
    redis: redisSettings(env),
    /** Who may sign tokens of the application's users. */
    userTokens: {
      secrets: splitKeys(env.USER_TOKEN_SECRET ?? ''),
      keySet: env.USER_TOKEN_JWKS,
      issuer: env.USER_TOKEN_ISSUER,
      audience: env.USER_TOKEN_AUDIENCE
    },
    /** Whether webhooks and hooks may call servers of the own network. */
    areWebhooksPrivate: env.WEBHOOK_PRIVATE_ADDRESSES === 'on',
    isSearchOn: isSearchOn(env),
    hashing: {
      cost: { memoryKiB: env.HASH_MEMORY, passes: env.HASH_PASSES },
      concurrency: env.HASH_CONCURRENCY,
      queue: env.HASH_QUEUE
    }
  }
}

function accountSettings (env: Environment) {
  return {
    accessTokenTtlMs: milliseconds(env.ACCESS_TOKEN_TTL),
    refreshTokenTtlMs: milliseconds(env.REFRESH_TOKEN_TTL),
    sessionMaxAgeMs: milliseconds(env.SESSION_MAX_AGE),
    refreshReuseGraceMs: milliseconds(env.REFRESH_REUSE_GRACE),
    mail: mailSettings(env),
    mailFrom: env.MAIL_FROM,
    areAccountsOn: env.ACCOUNTS === 'on',
    registration: registrationPolicy(env),
    // A login right after registering would reveal whether the address was free.
    isVerificationRequired: env.EMAIL_VERIFICATION === 'required' || env.HIDE_ACCOUNTS === 'on',
    areAccountsHidden: env.HIDE_ACCOUNTS === 'on'
  }
}

function resolve (env: Environment) {
  return {
    host: env.HOST,
    port: env.PORT,
    metrics: env.METRICS_PORT === undefined ? undefined : { host: env.METRICS_HOST, port: env.METRICS_PORT },
    chatcliSocket: env.CHATCLI_WS_PORT === undefined ? undefined : { host: env.HOST, port: env.CHATCLI_WS_PORT },
    publicUrl: env.PUBLIC_URL ?? `http://localhost:${String(env.PORT)}`,
    // As browsers send them: in lower case, without the default port.
    corsOrigins: commaSeparated(env.CORS_ORIGINS).map((text) => new URL(text).origin),
    ...resolveStorage(env),
    ...accountSettings(env),
    hsts: env.HSTS,
    chatcliClients: env.CHATCLI_CLIENTS,
    trustProxy: commaSeparated(env.TRUST_PROXY),
    timeouts: {
      // Node refuses a limit for the headers above that for the request.
      headersMs: Math.min(milliseconds(env.HEADERS_TIMEOUT), milliseconds(env.REQUEST_TIMEOUT)),
      requestMs: milliseconds(env.REQUEST_TIMEOUT),
      idleMs: milliseconds(env.IDLE_TIMEOUT)
    },
    rateLimits: env.RATE_LIMITS === 'on',
    loginLimits: {
      perAddress: env.LOGIN_FAILURES_PER_ADDRESS,
      perAccount: env.LOGIN_FAILURES_PER_ACCOUNT,
      everywhere: env.LOGIN_FAILURES_PER_MINUTE
    },
    files: fileSettings(env),
    push: pushSettings(env),
    sockets: socketSettings(env),
    userRates: userRates(env),
    receiptsMaxMembers: env.RECEIPTS_MAX_MEMBERS,
    memberEventsMax: env.MEMBER_EVENTS_MAX,
    auditLogMs: env.AUDIT_LOG_DAYS * MS_PER_DAY,
    posting: {
      maxConcurrentBatches: env.POST_LANES,
      batch: env.POST_BATCH,
      queue: env.POST_QUEUE,
      deadlineMs: milliseconds(env.POST_DEADLINE)
    },
    rebalancing:
      env.REBALANCE_PERCENT === 0
        ? undefined
        : { percentPerMinute: env.REBALANCE_PERCENT, intervalMs: milliseconds(env.REBALANCE_INTERVAL) },
    overload: {
      eventLoopDelayMs: milliseconds(env.OVERLOAD_EVENT_LOOP_DELAY),
      heapPercent: env.OVERLOAD_HEAP_PERCENT,
      rssMiB: env.OVERLOAD_RSS_MIB,
      posts: env.OVERLOAD_POSTS
    },
    presence:
      env.PRESENCE === 'off'
        ? undefined
        : { leaseMs: milliseconds(env.PRESENCE_LEASE), offlineDelayMs: milliseconds(env.PRESENCE_OFFLINE_DELAY) },
    sweepIntervalMs: milliseconds(env.SWEEP_INTERVAL),
    drain: drainSettings(env),
    tracing: tracingSettings(env),
    logLevel: env.LOG_LEVEL,
    /** undefined: text at a terminal, else JSON. */
    logFormat: env.LOG_FORMAT
  }
}

function socketSettings (env: Environment) {
  return {
    authDeadlineMs: milliseconds(env.AUTH_DEADLINE),
    pingIntervalMs: milliseconds(env.PING_INTERVAL),
    sessionCheckIntervalMs: milliseconds(env.SESSION_CHECK_INTERVAL),
    maxFrameBytes: env.MAX_FRAME_BYTES,
    maxUnsentBytes: env.MAX_UNSENT_BYTES,
    maxSockets: env.MAX_SOCKETS,
    maxUnauthenticatedPerAddress: env.MAX_UNAUTHENTICATED_PER_ADDRESS,
    maxSocketsPerUser: env.MAX_SOCKETS_PER_USER,
    maxChatsPerSocket: env.MAX_CHATS_PER_SOCKET,
    framesPerSecond: env.FRAMES_PER_SECOND,
    frameBurst: env.FRAME_BURST
  }
}

function userRates (env: Environment) {
  return {
    framesPerSecond: env.USER_FRAMES_PER_SECOND,
    requestsPerSecond: env.USER_REQUESTS_PER_SECOND,
    replayPerSecond: env.USER_REPLAY_PER_SECOND
  }
}

function tracingSettings (env: Environment) {
  return env.OTEL_EXPORTER_OTLP_ENDPOINT === undefined
    ? undefined
    : {
        endpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT,
        serviceName: env.OTEL_SERVICE_NAME,
        sampler: env.OTEL_TRACES_SAMPLER,
        ratio: Number(env.OTEL_TRACES_SAMPLER_ARG)
      }
}

function redisSettings ({ REDIS_URL, REDIS_PREFIX }: Environment) {
  const address = REDIS_URL === undefined ? undefined : parseRedisUrl(REDIS_URL)
  return address && { address, prefix: REDIS_PREFIX }
}

function drainSettings (env: Environment) {
  const [delayMs, windowMs] = [milliseconds(env.DRAIN_DELAY), milliseconds(env.DRAIN_WINDOW)]
  const timeoutMs =
    env.DRAIN_TIMEOUT === undefined ? delayMs + windowMs + DRAIN_MARGIN_MS : milliseconds(env.DRAIN_TIMEOUT)
  return { delayMs, windowMs, timeoutMs: Math.min(timeoutMs, LONGEST_TIMER_MS) }
}

function registrationPolicy ({ REGISTRATION: policy }: Environment): 'open' | 'invite' | 'closed' {
  return policy === 'open' ? 'open' : policy === 'invite' ? 'invite' : 'closed'
}

function mailSettings (env: Environment): MailSettings {
  const transport = transportOf(env)
  if (transport === 'resend' && env.RESEND_API_KEY !== undefined) return { transport, apiKey: env.RESEND_API_KEY }
  if (transport === 'smtp' && env.SMTP_URL !== undefined) return { transport, url: env.SMTP_URL }
  return { transport: 'file', path: path.join(path.resolve(env.DATA_DIR), 'outbox.jsonl') }
}
