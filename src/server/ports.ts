/** The ports of a replica: adapters selected by the configuration, opened in order, closed in the last phase. */
import { randomInt } from 'node:crypto'
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { FastifyBaseLogger } from 'fastify'
import type { StartState } from '../api/ops/readiness.ts'
import type { Bus } from '../bus/bus.ts'
import { createMemoryBus } from '../bus/memory.ts'
import { openRedisBus } from '../bus/redis.ts'
import { ScopedBus } from '../bus/scoped.ts'
import type { Config } from '../config/config.ts'
import { Epoch } from '../domain/events/epoch.ts'
import type { FileStorage } from '../files/files.ts'
import { openFileStorage } from '../files/open-storage.ts'
import { withMetrics as withFileMetrics } from '../files/with-metrics.ts'
import { unlessAborted } from '../lib/abort.ts'
import { describeFinding } from '../lib/finding.ts'
import { connectRedis, connectRedisCluster } from '../lib/redis/connection.ts'
import { openMailer } from '../mail/open-mailer.ts'
import { waitForPostgres } from '../preflight/wait-for-postgres.ts'
import type { Mailer } from '../mail/mailer.ts'
import type { Metrics } from '../observability/metrics/metrics.ts'
import type { Tracing } from '../observability/tracing/tracing.ts'
import { createLocalRateLimiter } from '../rate-limits/local.ts'
import { type RateLimiter, UNLIMITED } from '../rate-limits/rate-limiter.ts'
import { createRedisRateLimiter } from '../rate-limits/redis.ts'
import { createScopedRateLimiter } from '../rate-limits/scoped.ts'
import { originOf } from '../realtime/bus-payload.ts'
import type { Database } from '../store/database.ts'
import { CLUSTER_NAME } from '../store/embedded/cluster-folder.ts'
import { openStore } from '../store/open.ts'
import type { Lifecycle } from './lifecycle.ts'
import { ReplicaWatch } from './replica-watch.ts'
import { waitForMigrations } from './wait-for-migrations.ts'

/** Range of the numbers that distinguish replicas. */
const ORIGINS = 2 ** 32
const HEXADECIMAL = 16
/** A Redis that has not answered by then counts as unavailable. */
const RATE_TIMEOUT_MS = 2_000

/** The open ports. */
export type Ports = {
  readonly database: Database
  readonly epoch: Epoch
  readonly bus: Bus
  /** The number by which this replica recognises its own publications. */
  readonly origin: number
  readonly rates: RateLimiter
  readonly mailer: Mailer
  /** Undefined where files are off. */
  readonly files: FileStorage | undefined
  readonly tracing: Tracing | undefined
}

/** For tests: replacements for configured adapters. */
export type PortOverrides = { database?: Database, wrapBus?: (bus: Bus) => Bus }

/** Dependencies of the ports. */
export type PortDeps = {
  config: Config
  overrides: PortOverrides
  lifecycle: Lifecycle
  metrics: Metrics
  log: FastifyBaseLogger
  /** Receives what the start waits for. */
  onState: (state: StartState) => void
  /** Gives the start up when it is aborted. */
  signal: AbortSignal
}

/**
 * Opens all ports, and waits until the database serves and its tables are new enough.
 * @throws {PreconditionError} when the database does not serve in time, or is not fit for this build
 * @throws {EmbeddedStoreError} when the embedded store cannot be used
 */
export async function openPorts (deps: PortDeps): Promise<Ports> {
  const { config, overrides, lifecycle, log, signal } = deps
  const release = (close: () => Promise<void> | void) => lifecycle.onStop('releasing', close)
  const tracing = await openTracing(config)
  release(() => tracing?.close())
  const origin = randomInt(ORIGINS)
  const database = overrides.database ?? await openDatabase(deps, origin)
  release(() => database.close())
  await waitForMigrations(database, { onState: deps.onState, log, signal })
  const epoch = await Epoch.watch({ database, checkIntervalMs: config.sweepIntervalMs })
  lifecycle.onStop('flushing', () => epoch.stop())
  signal.throwIfAborted()
  // Several installations may share a Redis, and a copy of a database its prefix.
  const watch = config.redis === undefined && config.database.url !== undefined
    ? await ReplicaWatch.start(database, replicaName(origin), log)
    : undefined
  lifecycle.onStop('flushing', () => watch?.stop())
  const scoped = new ScopedBus(await openBus(config, log, origin, () => watch?.isAlone ?? true), () => epoch.scope)
  epoch.onChange(() => scoped.rescope())
  const bus = overrides.wrapBus?.(scoped) ?? scoped
  release(() => bus.close())
  const rates = createScopedRateLimiter(openRateLimiter(config, release), () => epoch.scope)
  const mailer = openMailer(config.mail, config.mailFrom)
  release(() => mailer.close())
  const storage = await openFileStorage(config.files)
  const files = storage === undefined ? undefined : withFileMetrics(storage, deps.metrics)
  return { database, epoch, bus, origin, rates, mailer, files, tracing }
}

async function openDatabase (deps: PortDeps, origin: number): Promise<Database> {
  const { config, metrics, log, onState, signal } = deps
  const { url, ...options } = config.database
  const settings = { ...config, database: { ...config.database, replica: replicaName(origin) } }
  // A server of our own is stopped in order, also when the start is given up meanwhile.
  if (url === undefined) {
    const isThere = existsSync(path.join(config.dataDir, CLUSTER_NAME))
    log.info(`the embedded Postgres in ${config.dataDir} ${isThere ? 'starts' : 'is made, which takes a while'}`)
    return openStore(settings, { metrics, log })
  }
  const warnings = await waitForPostgres({ ...options, url }, {
    onChange: ({ text, reason }) => {
      onState({ status: 'unavailable', database: 'down', reason })
      log.error({ waitMs: options.waitMs }, text)
    },
    signal
  })
  for (const finding of warnings) log.warn(describeFinding(finding))
  onState({ status: 'starting' })
  return unlessAborted(openStore(settings, { metrics, log }), signal, (database) => database.close())
}

/** Loads the SDK only when it is configured. */
async function openTracing ({ tracing }: Config): Promise<Tracing | undefined> {
  if (tracing === undefined) return undefined
  const { openOtlp } = await import('../observability/tracing/otlp.ts')
  return openOtlp(tracing)
}

/** The name of a replica, by its number. */
export function replicaName (origin: number): string {
  return origin.toString(HEXADECIMAL)
}

async function openBus (
  { redis }: Config, log: FastifyBaseLogger, origin: number, isAlone: () => boolean
): Promise<Bus> {
  const isEcho = (payload: Buffer) => originOf(payload) === origin
  return redis === undefined ? createMemoryBus(isEcho, isAlone) : openRedisBus({ ...redis, isEcho, log })
}

/** Opens a connection for rate limits. It logs nothing: the bus already reports when Redis is unavailable. */
function openRateLimiter ({ rateLimits, redis: settings }: Config, release: (close: () => void) => void): RateLimiter {
  if (!rateLimits) return UNLIMITED
  if (settings === undefined) return createLocalRateLimiter()
  const connect = settings.address.kind === 'cluster' ? connectRedisCluster : connectRedis
  const redis = connect(settings.address, 'rates', { commandTimeout: RATE_TIMEOUT_MS })
  release(() => redis.disconnect())
  redis.on('error', () => undefined)
  redis.connect().catch(() => undefined)
  return createRedisRateLimiter({ redis, prefix: settings.prefix, fallback: createLocalRateLimiter() })
}
