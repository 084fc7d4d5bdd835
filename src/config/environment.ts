/** The environment variables of Confab: their types, defaults, bounds and descriptions. */
import Type, { type Static } from 'typebox'
import { choice, duration, integer, optional, timer } from './variable-types.ts'

/** Minimum length of the key of access tokens, in characters. */
export const MINIMUM_KEY_LENGTH = 32

/** Every variable, with its default, its bounds and its description. */
export const EnvironmentSchema = Type.Object({
  HOST: Type.String({ description: 'address to listen on', default: '0.0.0.0', minLength: 1 }),
  PORT: integer('port of HTTP and WebSocket; 0 picks a free one', 5123, 0, 65_535),
  METRICS_PORT: Type.Optional(
    Type.Integer({
      description: 'port of GET /metrics for Prometheus; without it metrics are not served',
      minimum: 0,
      maximum: 65_535,
      expected: 'a whole number from 0 to 65535'
    })
  ),
  METRICS_HOST: Type.String({ description: 'address that METRICS_PORT listens on', default: '0.0.0.0', minLength: 1 }),
  PUBLIC_URL: optional(
    'base of the links in mails, e.g. https://chat.example.org; required in production, else http://localhost:PORT',
    '^https?://[^/?#\\s]+$',
    'an http or https URL without a path, such as https://chat.example.org'
  ),
  CORS_ORIGINS: Type.String({
    description:
      'comma-separated origins of web clients whose pages may call the API and open sockets, e.g. ' +
      'https://app.example.org',
    default: '',
    pattern: '^(https?://[^/?#\\s,]+(,\\s*|$))*$',
    expected: 'comma-separated origins such as https://app.example.org, without a path'
  }),
  DATA_DIR: Type.String({
    description: 'folder of the embedded Postgres, the generated token key and the mail file',
    default: './data',
    minLength: 1
  }),
  EMBEDDED_STORE: Type.Optional(
    choice(
      'on stores messages in DATA_DIR, for one replica; without DATABASE_URL that is the default, except in ' +
      'production, which needs one of the two',
      ['on', 'off']
    )
  ),
  DATABASE_URL: optional(
    'Postgres server; without it Confab runs a Postgres of its own in DATA_DIR/postgres. With several hosts ' +
    '(host:port,host:port) the next one is tried when one fails; target_session_attrs=primary skips standbys',
    '^postgres(ql)?://.+',
    'the URL of a Postgres server, such as postgres://user:password@host:5432/confab'
  ),
  DATABASE_POOL: integer('Postgres connections of this replica', 10, 1, 1_000),
  DATABASE_PREPARE: choice(
    'whether statements are prepared; off behind a pgbouncer older than 1.21',
    ['on', 'off'],
    'on'
  ),
  DATABASE_TIMEOUT: timer(
    'time after which Postgres cancels a statement (with DATABASE_PREPARE=off set it for the role); a connection ' +
    'that is silent for one second longer is closed',
    '5s'
  ),
  DATABASE_WAIT: timer(
    'time that a starting replica waits for an unreachable Postgres, alive and not ready, before it exits with 1',
    '1m'
  ),
  DATABASE_MIGRATE: choice(
    'on runs missing migrations at the start; off leaves them to confab migrate, and the replica is not ready ' +
    'until they have run',
    ['on', 'off'],
    'on'
  ),
  REDIS_URL: Type.Optional(
    Type.String({
      description:
        'Redis server; without it events reach this process only. redis://host:port, ' +
        'redis+sentinel://host:port,…/name or redis+cluster://host:port,…; rediss for TLS',
      pattern: '^rediss?(\\+sentinel|\\+cluster)?://.+',
      expected: 'redis://host:port, redis+sentinel://host:port,…/name-of-the-master or redis+cluster://host:port,…'
    })
  ),
  REDIS_PREFIX: Type.String({
    description: 'prefix of every channel and key in Redis',
    default: 'confab:',
    pattern: '^[\\x21-\\x7e]*$',
    expected: 'printable ASCII characters without spaces'
  }),
  JWT_SECRET: optional(
    `key of access tokens, at least ${String(MINIMUM_KEY_LENGTH)} characters; required with DATABASE_URL, ` +
    'otherwise generated once and kept in DATA_DIR',
    `^.{${String(MINIMUM_KEY_LENGTH)},}$`,
    `at least ${String(MINIMUM_KEY_LENGTH)} characters`
  ),
  ACCESS_TOKEN_TTL: duration('lifetime of an access token, and of a socket that receives no newer one', '1d'),
  REFRESH_TOKEN_TTL: duration('lifetime of a session that is not refreshed', '60d'),
  REFRESH_REUSE_GRACE: duration(
    'time within which a spent refresh token is refused without revoking its session',
    '10s'
  ),
  MAIL_TRANSPORT: Type.Optional(
    choice(
      'how mail is sent; by default resend with RESEND_API_KEY, smtp with SMTP_URL, otherwise to the file ' +
      'DATA_DIR/outbox.jsonl',
      ['resend', 'smtp', 'file']
    )
  ),
  RESEND_API_KEY: optional(
    'API key of resend.com',
    '^\\S+$',
    'a key without spaces'
  ),
  SMTP_URL: optional(
    'mail server, e.g. smtp://user:password@mail.example.org:587',
    '^smtps?://.+',
    'the URL of a mail server, such as smtp://user:password@mail.example.org:587'
  ),
  MAIL_FROM: Type.String({
    description: 'sender of mails; required in production, unless they go to the file',
    default: 'Confab <noreply@localhost>',
    minLength: 3,
    pattern: '^[^\\r\\n]+$',
    expected: 'a sender such as Confab <noreply@example.org>'
  }),
  EMAIL_VERIFICATION: choice(
    'required refuses every login until the address is verified; optional lets EmoteChat accounts log in before ' +
    'that',
    ['optional', 'required'],
    'optional'
  ),
  TRUST_PROXY: Type.String({
    description: 'comma-separated networks of proxies whose X-Forwarded-For is trusted',
    default: '',
    pattern: '^[0-9a-fA-F.:/,\\s]*$',
    expected: 'comma-separated networks such as 10.0.0.0/8'
  }),
  HEADERS_TIMEOUT: timer(
    'time a client has to send the headers of a request; the connection is cut at most a quarter later',
    '10s'
  ),
  REQUEST_TIMEOUT: timer('time a client has to send a whole request', '30s'),
  IDLE_TIMEOUT: timer(
    'time an idle HTTP connection stays open; longer than that of the load balancer, which must be the one to ' +
    'close',
    '72s'
  ),
  RATE_LIMITS: choice('off disables all rate limits, for load tests', ['on', 'off'], 'on'),
  LOGIN_FAILURES_PER_ADDRESS: integer(
    'failed logins to one account from one address in 15 minutes; more are answered 429',
    10,
    1
  ),
  LOGIN_FAILURES_PER_ACCOUNT: integer(
    'failed logins to one account in 15 minutes from addresses it was not used from; more from those are answered ' +
    '429',
    20,
    1
  ),
  LOGIN_FAILURES_PER_MINUTE: integer(
    'failed logins per minute, to all accounts, from addresses they were not used from; more from those are ' +
    'answered 429',
    1_000,
    1
  ),
  HIDE_ACCOUNTS: choice(
    'on gives the same answers whether or not an account exists; implies EMAIL_VERIFICATION=required',
    ['on', 'off'],
    'off'
  ),
  HASH_MEMORY: integer(
    'memory of one password hash (Argon2id) in KiB; less than the default makes passwords easier to guess',
    19_456,
    8,
    4_194_304
  ),
  HASH_PASSES: integer(
    'passes of a password hash over its memory; a login renews a hash of lower cost',
    2,
    1,
    1_000
  ),
  HASH_CONCURRENCY: integer('password hashes computed at the same time', 2, 1, 64),
  HASH_QUEUE: integer('password hashes that may wait; more are answered 429', 64, 0, 100_000),
  AUTH_DEADLINE: timer('time a new socket has to authenticate', '10s'),
  PING_INTERVAL: timer('time between pings; a socket that sends nothing until the next ping is dropped', '25s'),
  SESSION_CHECK_INTERVAL: timer(
    'time between checks of the sessions of open sockets: how long a socket may outlive a revocation that Redis ' +
    'did not deliver',
    '5s'
  ),
  MAX_FRAME_BYTES: integer('largest WebSocket frame accepted, in bytes', 65_536, 1_024, 16_777_216),
  MAX_UNSENT_BYTES: integer('bytes that may wait for a slow socket before it is closed with 1013', 1_048_576, 65_536),
  MAX_SOCKETS: integer('open sockets on this replica', 50_000, 1),
  MAX_UNAUTHENTICATED_PER_ADDRESS: integer(
    'open sockets from one IPv4 address or IPv6 /64 on this replica that have not authenticated yet; more are ' +
    'answered 503; not with RATE_LIMITS=off',
    64,
    1
  ),
  MAX_SOCKETS_PER_USER: integer('open sockets of one user on this replica', 100, 1),
  MAX_CHATS_PER_SOCKET: integer('chats that one socket may join', 1_000, 1),
  FRAMES_PER_SECOND: integer('frames a socket may send per second, sustained', 100, 1),
  FRAME_BURST: integer('frames a socket may send at once', 400, 1),
  POST_LANES: integer('batches of posts stored at the same time', 2, 1, 64),
  POST_BATCH: integer('posts in one batch at most', 256, 1, 5_000),
  POST_QUEUE: integer('posts that may wait to be stored; more are refused', 20_000, 1),
  POST_DEADLINE: duration('time for which a post is retried while the database is away', '10s'),
  REBALANCE_PERCENT: integer(
    'percentage of its sockets above the mean of all replicas that a replica closes per minute, with 1012, so ' +
    'that new replicas receive some; 0 closes none',
    0,
    0,
    6_000
  ),
  REBALANCE_INTERVAL: timer('time between announcements of the number of sockets among replicas', '5s'),
  OVERLOAD_EVENT_LOOP_DELAY: timer(
    'mean delay of the event loop above which requests and new sockets are answered 503',
    '500ms'
  ),
  OVERLOAD_HEAP_PERCENT: integer(
    'heap use, in percent of V8\'s limit, above which requests and new sockets are answered 503',
    90,
    1,
    100
  ),
  OVERLOAD_RSS_MIB: Type.Optional(
    Type.Integer({
      description:
        'resident memory in MiB above which requests and new sockets are answered 503, e.g. a tenth below the limit ' +
        'of the container; without it there is no limit',
      minimum: 1,
      maximum: 1_048_576,
      expected: 'a whole number from 1 to 1048576'
    })
  ),
  OVERLOAD_POSTS: integer('waiting posts above which requests and new sockets are answered 503', 5_000, 0),
  SWEEP_INTERVAL: timer('time between comparisons of the followed chats with the store', '3s'),
  DRAIN_DELAY: timer(
    'time at SIGTERM between failing readiness and closing sockets, during which new ones are accepted; longer ' +
    'than a load balancer takes to notice',
    '1ms'
  ),
  DRAIN_WINDOW: timer('time over which sockets are closed at SIGTERM', '1s'),
  DRAIN_TIMEOUT: Type.Optional(
    timer(
      'time after SIGTERM by which the process ends in any case; shorter than the platform waits before SIGKILL; ' +
      'by default DRAIN_DELAY + DRAIN_WINDOW + 15s'
    )
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: optional(
    'collector that receives traces by OTLP over HTTP, e.g. http://collector:4318; without it nothing is traced',
    '^https?://[^?#\\s]+$',
    'an http or https URL, such as http://collector:4318'
  ),
  OTEL_SERVICE_NAME: Type.String({ description: 'name of the service in traces', default: 'confab', minLength: 1 }),
  OTEL_TRACES_SAMPLER: choice(
    'which traces are recorded; with parentbased_ the traceparent of a client decides, if there is one',
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
    description: 'share of traces that the ratio samplers record, from 0 to 1',
    default: '1',
    pattern: '^(0|1|0?\\.[0-9]{1,9}|1\\.0+)$',
    expected: 'a number from 0 to 1'
  }),
  NODE_ENV: Type.Optional(
    Type.String({
      description:
        'production refuses settings for trials: the embedded store without EMBEDDED_STORE=on, links and senders at ' +
        'localhost, secrets from the samples'
    })
  ),
  LOG_LEVEL: choice(
    'least severe level that is logged',
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    'info'
  )
})

/** The checked values of the variables. */
export type Environment = Static<typeof EnvironmentSchema>

/** Variables whose values must not be logged. */
export const SECRETS = new Set(['DATABASE_URL', 'REDIS_URL', 'JWT_SECRET', 'RESEND_API_KEY', 'SMTP_URL'])
