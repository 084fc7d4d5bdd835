/** The environment variables that Confab reads: their kinds, defaults, bounds and meanings. */
import Type, { type Static } from 'typebox'
import { LONGEST_TIMER_MS } from './durations.ts'

/** Of the key of access tokens, in characters. */
export const MINIMUM_KEY_LENGTH = 32

// `expected` is our own keyword: what the operator is told when the value is something else.
const integer = (description: string, value: number, minimum: number, maximum = Number.MAX_SAFE_INTEGER) =>
  Type.Integer({
    description,
    default: value,
    minimum,
    maximum,
    expected: `a whole number from ${String(minimum)} to ${String(maximum)}`
  })
const duration = (description: string, value?: string) =>
  Type.String({
    description,
    ...(value !== undefined && { default: value }),
    pattern: '^[1-9][0-9]{0,8}(ms|s|m|h|d)$',
    expected: 'a duration such as 500ms, 10s, 15m, 12h or 60d'
  })
const timer = (description: string, value?: string) => ({
  ...duration(description, value),
  expected: 'a duration from 1ms to 24d, such as 500ms, 10s or 15m',
  longestMs: LONGEST_TIMER_MS
})
const choice = <const Choices extends string[]>(description: string, choices: Choices, value?: Choices[number]) =>
  Type.Enum(choices, {
    description,
    expected: choices.join(', ').replace(/, ([^,]*)$/, ' or $1'),
    ...(value !== undefined && { default: value })
  })
const optional = (description: string, pattern: string) => Type.Optional(Type.String({ description, pattern }))

/** Every variable that Confab reads, with its default, its bounds and its meaning. */
export const EnvironmentSchema = Type.Object({
  HOST: Type.String({ description: 'address to listen on', default: '0.0.0.0', minLength: 1 }),
  PORT: integer('port of HTTP and WebSocket; 0 picks a free one', 5123, 0, 65_535),
  METRICS_PORT: Type.Optional(
    Type.Integer({
      description: 'port of GET /metrics for Prometheus; without it there is none',
      minimum: 0,
      maximum: 65_535,
      expected: 'a whole number from 0 to 65535'
    })
  ),
  METRICS_HOST: Type.String({ description: 'address of that port', default: '0.0.0.0', minLength: 1 }),
  PUBLIC_URL: optional(
    'base of the links in mails, e.g. https://chat.example.org; required in production, else http://localhost:PORT',
    '^https?://[^/?#\\s]+$'
  ),
  CORS_ORIGINS: Type.String({
    description:
      'comma-separated origins of web clients, e.g. https://app.example.org, whose pages may call the API and open ' +
      'sockets',
    default: '',
    pattern: '^(https?://[^/?#\\s,]+(,\\s*|$))*$',
    expected: 'comma-separated origins such as https://app.example.org, without a path'
  }),
  DATA_DIR: Type.String({
    description: 'folder of the embedded store, its secret and the mail file',
    default: './data',
    minLength: 1
  }),
  EMBEDDED_STORE: Type.Optional(
    choice(
      'on keeps messages in DATA_DIR, for one replica; without DATABASE_URL it is on, except in production, where it ' +
      'must be asked for',
      ['on', 'off']
    )
  ),
  DATABASE_URL: optional(
    'Postgres; without it the store is embedded in DATA_DIR. Of several hosts (host:port,host:port) the next is ' +
    'tried when one fails; target_session_attrs=primary passes over standbys',
    '^postgres(ql)?://.+'
  ),
  DATABASE_POOL: integer('Postgres connections of this replica', 10, 1, 1_000),
  DATABASE_PREPARE: choice('prepared statements; off behind a pgbouncer older than 1.21', ['on', 'off'], 'on'),
  DATABASE_TIMEOUT: timer(
    'time a statement has before Postgres ends it (with DATABASE_PREPARE=off a setting of the role); a second ' +
    'later a server that says nothing is taken for dead',
    '5s'
  ),
  DATABASE_WAIT: timer(
    'time that a start waits for a Postgres that cannot be reached, alive and not ready; then it ends with 1',
    '1m'
  ),
  DATABASE_MIGRATE: choice(
    'on runs the migrations that Postgres lacks at the start; off leaves them to confab migrate, and the replica ' +
    'is not ready before',
    ['on', 'off'],
    'on'
  ),
  REDIS_URL: Type.Optional(
    Type.String({
      description:
        'Redis; without it events reach this process only. One server, redis+sentinel://host:port,…/name or ' +
        'redis+cluster://host:port,…; with rediss for TLS',
      pattern: '^rediss?(\\+sentinel|\\+cluster)?://.+',
      expected: 'redis://host:port, redis+sentinel://host:port,…/name-of-the-master or redis+cluster://host:port,…'
    })
  ),
  REDIS_PREFIX: Type.String({
    description: 'first part of every channel and key in Redis',
    default: 'confab:',
    pattern: '^[\\x21-\\x7e]*$'
  }),
  JWT_SECRET: optional(
    `key of access tokens, at least ${String(MINIMUM_KEY_LENGTH)} characters; required with DATABASE_URL, else ` +
    'made once and kept in DATA_DIR',
    `^.{${String(MINIMUM_KEY_LENGTH)},}$`
  ),
  ACCESS_TOKEN_TTL: duration('life of an access token, and of a socket that gets no newer one', '1d'),
  REFRESH_TOKEN_TTL: duration('life of a session without a refresh', '60d'),
  REFRESH_REUSE_GRACE: duration(
    'a spent refresh token that comes back within this time is refused without revoking the session',
    '10s'
  ),
  MAIL_TRANSPORT: Type.Optional(
    choice('how mail leaves; by default whichever of the next two is set, else the file DATA_DIR/outbox.jsonl', [
      'resend',
      'smtp',
      'file'
    ])
  ),
  RESEND_API_KEY: optional('key of resend.com', '^\\S+$'),
  SMTP_URL: optional('mail server, e.g. smtp://user:password@mail.example.org:587', '^smtps?://.+'),
  MAIL_FROM: Type.String({
    description: 'sender of mails; required in production where they leave',
    default: 'Confab <noreply@localhost>',
    minLength: 3,
    pattern: '^[^\\r\\n]+$'
  }),
  EMAIL_VERIFICATION: choice(
    'required refuses every login until the address is proved; optional lets accounts of EmoteChat in before',
    ['optional', 'required'],
    'optional'
  ),
  TRUST_PROXY: Type.String({
    description: 'comma-separated networks of proxies whose X-Forwarded-For is believed',
    default: '',
    pattern: '^[0-9a-fA-F.:/,\\s]*$'
  }),
  HEADERS_TIMEOUT: timer(
    'time a client has to send the headers of a request; a quarter later at most it is cut off',
    '10s'
  ),
  REQUEST_TIMEOUT: timer('time a client has to send a whole request', '30s'),
  IDLE_TIMEOUT: timer(
    'how long an idle HTTP connection is kept; longer than that of a load balancer, which must be the one to close',
    '72s'
  ),
  RATE_LIMITS: choice('off lifts all rates, for load tests', ['on', 'off'], 'on'),
  LOGIN_FAILURES_PER_ADDRESS: integer(
    'failed logins to one account from one address in 15 minutes; more answer 429',
    10,
    1
  ),
  LOGIN_FAILURES_PER_ACCOUNT: integer(
    'failed logins to one account in 15 minutes from addresses it was not used from; more of those answer 429',
    20,
    1
  ),
  LOGIN_FAILURES_PER_MINUTE: integer(
    'failed logins a minute from addresses their accounts were not used from; more of those answer 429',
    1_000,
    1
  ),
  HIDE_ACCOUNTS: choice(
    'on answers alike whether or not an account exists; implies EMAIL_VERIFICATION=required',
    ['on', 'off'],
    'off'
  ),
  HASH_MEMORY: integer(
    'memory of a password hash (Argon2id) in KiB; with less work than the default passwords are guessed more easily',
    19_456,
    8,
    4_194_304
  ),
  HASH_PASSES: integer(
    'passes of a password hash over its memory; hashes with less work are renewed at the next login',
    2,
    1,
    1_000
  ),
  HASH_CONCURRENCY: integer('password hashes computed at once', 2, 1, 64),
  HASH_QUEUE: integer('password hashes that may wait; more answer 429', 64, 0, 100_000),
  AUTH_DEADLINE: timer('time a new socket has to authenticate', '10s'),
  PING_INTERVAL: timer('time between pings; a socket that has not answered by the next one is dropped', '25s'),
  SESSION_CHECK_INTERVAL: timer(
    'time between look-ups of the sessions of open sockets: how long a socket outlives a revocation that Redis did ' +
    'not carry',
    '5s'
  ),
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
  REBALANCE_PERCENT: integer(
    'part of the sockets above the mean of all replicas that a replica closes a minute, with 1012, so that new ' +
    'replicas get some; 0 closes none',
    0,
    0,
    6_000
  ),
  REBALANCE_INTERVAL: timer('how often replicas tell each other how many sockets they have', '5s'),
  OVERLOAD_EVENT_LOOP_DELAY: timer(
    'mean delay of the event loop beyond which requests and new sockets are refused with 503',
    '500ms'
  ),
  OVERLOAD_HEAP_PERCENT: integer('part of V8\'s heap limit beyond which they are', 90, 1, 100),
  OVERLOAD_RSS_MIB: Type.Optional(
    Type.Integer({
      description:
        'resident memory in MiB beyond which they are, a tenth below the limit of the container; without it any',
      minimum: 1,
      maximum: 1_048_576,
      expected: 'a whole number from 1 to 1048576'
    })
  ),
  OVERLOAD_POSTS: integer('waiting posts beyond which they are', 5_000, 0),
  SWEEP_INTERVAL: timer('how often subscribed chats are compared with the store', '3s'),
  DRAIN_DELAY: timer(
    'time between failing readiness and closing sockets at SIGTERM, in which new ones are still let in: longer ' +
    'than a load balancer takes to notice',
    '1ms'
  ),
  DRAIN_WINDOW: timer('time over which sockets are closed at SIGTERM', '1s'),
  DRAIN_TIMEOUT: Type.Optional(
    timer(
      'time after SIGTERM in which the process ends, in order or not; shorter than what the platform waits before ' +
      'SIGKILL; without it DRAIN_DELAY, DRAIN_WINDOW and 15s'
    )
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: optional(
    'collector that traces are sent to by OTLP over HTTP, e.g. http://collector:4318; without it there are none',
    '^https?://[^?#\\s]+$'
  ),
  OTEL_SERVICE_NAME: Type.String({ description: 'what the service is called there', default: 'confab', minLength: 1 }),
  OTEL_TRACES_SAMPLER: choice(
    'which traces are recorded; parentbased_ leaves it to the traceparent of a client, if there is one',
    [
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio'
    ],
    'parentbased_always_on'
  ),
  OTEL_TRACES_SAMPLER_ARG: Type.String({
    description: 'the part of them for the samplers by ratio',
    default: '1',
    pattern: '^(0|1|0?\\.[0-9]{1,9}|1\\.0+)$',
    expected: 'a number from 0 to 1'
  }),
  NODE_ENV: Type.Optional(
    Type.String({
      description:
        'production refuses what is fit for a trial only: the embedded store unless it is asked for, links and ' +
        'senders at localhost, published secrets'
    })
  ),
  LOG_LEVEL: choice(
    'least severe event that is logged',
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    'info'
  )
})

/** The variables with their values, checked. */
export type Environment = Static<typeof EnvironmentSchema>

/** Variables of which only that they are set may be shown. */
export const SECRETS = new Set(['DATABASE_URL', 'REDIS_URL', 'JWT_SECRET', 'RESEND_API_KEY', 'SMTP_URL'])
