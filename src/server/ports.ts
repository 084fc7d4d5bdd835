/** The ports of a replica: adapters selected by the configuration, opened in order, closed in the last phase. */
import { randomInt } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import type { Bus } from '../bus/bus.ts'
import { createMemoryBus } from '../bus/memory.ts'
import { openRedisBus } from '../bus/redis.ts'
import { ScopedBus } from '../bus/scoped.ts'
import type { Config } from '../config/config.ts'
import { Epoch } from '../domain/events/epoch.ts'
import { connectRedis, connectRedisCluster } from '../lib/redis/connection.ts'
import { openMailer } from '../mail/open-mailer.ts'
import type { Mailer } from '../mail/mailer.ts'
import type { Metrics } from '../observability/metrics/metrics.ts'
import type { Tracing } from '../observability/tracing/tracing.ts'
import { createLocalRateLimiter } from '../rate-limits/local.ts'
import { type RateLimiter, UNLIMITED } from '../rate-limits/rate-limiter.ts'
import { createRedisRateLimiter } from '../rate-limits/redis.ts'
import { createScopedRateLimiter } from '../rate-limits/scoped.ts'
import { originOf } from '../realtime/bus-payload.ts'
import type { Database } from '../store/database.ts'
import { openStore } from '../store/open.ts'
import type { Lifecycle } from './lifecycle.ts'
import { waitForMigrations } from './wait-for-migrations.ts'

/** Range of the numbers that distinguish replicas. */
const ORIGINS = 2 ** 32
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
}

/**
 * Opens all ports, and waits until the tables are new enough.
 * @throws when the database cannot be reached or the embedded store is in use
 */
export async function openPorts ({ config, overrides, lifecycle, metrics, log }: PortDeps): Promise<Ports> {
  const release = (close: () => Promise<void> | void) => lifecycle.onStop('releasing', close)
  const tracing = await openTracing(config)
  release(() => tracing?.close())
  const database = overrides.database ?? (await openStore(config, { metrics, log }))
  release(() => database.close())
  await waitForMigrations(database, config, log)
  const epoch = await Epoch.watch({ database, checkIntervalMs: config.sweepIntervalMs })
  lifecycle.onStop('flushing', () => epoch.stop())
  const origin = randomInt(ORIGINS)
  // Several installations may share a Redis, and a copy of a database its prefix.
  const scoped = new ScopedBus(await openBus(config, log, origin), () => epoch.scope)
  epoch.onChange(() => scoped.rescope())
  const bus = overrides.wrapBus?.(scoped) ?? scoped
  release(() => bus.close())
  const rates = createScopedRateLimiter(openRateLimiter(config, release), () => epoch.scope)
  const mailer = openMailer(config.mail, config.mailFrom)
  release(() => mailer.close())
  return { database, epoch, bus, origin, rates, mailer, tracing }
}

/** Loads the SDK only when it is configured. */
async function openTracing ({ tracing }: Config): Promise<Tracing | undefined> {
  if (tracing === undefined) return undefined
  const { openOtlp } = await import('../observability/tracing/otlp.ts')
  return openOtlp(tracing)
}

async function openBus ({ redis }: Config, log: FastifyBaseLogger, origin: number): Promise<Bus> {
  const isEcho = (payload: Buffer) => originOf(payload) === origin
  return redis === undefined ? createMemoryBus(isEcho) : openRedisBus({ ...redis, isEcho, log })
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
