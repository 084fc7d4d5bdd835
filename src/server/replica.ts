/** One replica: adapters chosen by the configuration, the domain on them, the server in front; and its orderly end. */
import type { FastifyInstance } from 'fastify'
import { randomInt } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { buildApp, createServer } from './app.ts'
import type { Bus, EchoTest } from '../bus/bus.ts'
import { createMemoryBus } from '../bus/memory.ts'
import { openRedisBus } from '../bus/redis.ts'
import { connectRedis, connectRedisCluster } from '../lib/redis/connection.ts'
import { Closers } from '../lib/closers.ts'
import type { Config } from '../config/config.ts'
import { CHATCLI_CODEC } from '../api/chatcli/ws/codec.ts'
import { decodeInvalidation, INVALIDATIONS_CHANNEL } from '../domain/invalidations.ts'
import type { LogStream } from './logger.ts'
import { openMailer } from '../mail/open-mailer.ts'
import { createOutboxSender } from '../jobs/outbox-sender.ts'
import { Metrics } from '../observability/metrics/metrics.ts'
import { withMetrics } from '../rate-limits/with-metrics.ts'
import { createLocalRateLimiter } from '../rate-limits/local.ts'
import { type RateLimiter, UNLIMITED } from '../rate-limits/rate-limiter.ts'
import { createRedisRateLimiter } from '../rate-limits/redis.ts'
import { CLOSE_CODES } from '../realtime/close-codes.ts'
import { Connections } from '../realtime/connections.ts'
import { Hub } from '../realtime/hub.ts'
import { startRebalancing } from '../realtime/rebalancing.ts'
import { originOf } from '../realtime/bus-payload.ts'
import { serveReplicaMetrics } from './replica-metrics.ts'
import { createServices, type Services } from './services.ts'
import type { Database } from '../store/database.ts'
import { openPglite } from '../store/pglite.ts'
import { openPostgres } from '../store/postgres/open.ts'
import type { Tracing } from '../observability/tracing/tracing.ts'
import { waitForMigrations } from './wait-for-migrations.ts'

const CLEANUP_INTERVAL_MS = 3_600_000
/** Numbers that tell replicas apart. */
const ORIGINS = 2 ** 32
/** A Redis that has not counted by then is taken for away. */
const RATE_TIMEOUT_MS = 2_000
/** Connections that may wait to be accepted: after a restart everybody comes at once. */
const LISTEN_BACKLOG = 4_096
/** How long clients have to answer a close before their sockets are cut, in milliseconds. */
const CLOSE_GRACE_MS = 1_000
/** How long requests have to be answered before their connections are cut, in milliseconds. */
const REQUEST_GRACE_MS = 5_000

/** A running replica. */
export type Replica = {
  /** Where it listens, e.g. `http://127.0.0.1:5123`. */
  readonly url: string
  /** Where its metrics are, seen from its machine; undefined when they are off. */
  readonly metricsUrl: string | undefined
  readonly app: FastifyInstance
  /** What it runs on, in one sentence without a credential. */
  readonly description: string
  /** Ends it in order: readiness fails, posts are finished, sockets closed with 1012, adapters closed. */
  close: () => Promise<void>
}

/** For tests: what to use in the place of the configured. */
export type ReplicaOptions = { database?: Database, wrapBus?: (bus: Bus) => Bus, logStream?: LogStream }

/**
 * Starts a replica and resolves when it serves.
 * @throws when the port is taken, the database cannot be reached or the embedded store is in use
 */
export async function startReplica (config: Config, options: ReplicaOptions = {}): Promise<Replica> {
  const closers = new Closers()
  try {
    return await serve(config, options, closers)
  } catch (error) {
    // Why it cannot start matters more than what went wrong while it was tidied up.
    await closers.close().catch(() => undefined)
    throw error
  }
}

/** What is not asked for is not even loaded. */
async function openTracing ({ tracing }: Config): Promise<Tracing | undefined> {
  if (tracing === undefined) return undefined
  const { openOtlp } = await import('../observability/tracing/otlp.ts')
  return openOtlp(tracing)
}

async function openDatabase (config: Config, metrics: Metrics): Promise<Database> {
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 })
  return config.database === undefined ? openPglite(config.dataDir) : openPostgres(config.database, metrics)
}

async function serve (config: Config, options: ReplicaOptions, closers: Closers): Promise<Replica> {
  const app = createServer(config, options.logStream)
  app.log.info({ configuration: config.shown }, 'configuration')
  for (const { name, meant } of config.unknownVariables)
    app.log.warn(`${name} is no variable of Confab: ${meant} was probably meant`)
  const clock = () => new Date()
  const metrics = new Metrics()
  const tracing = await openTracing(config)
  closers.add(() => tracing?.close())
  const database = options.database ?? (await openDatabase(config, metrics))
  closers.add(() => database.close())
  await waitForMigrations(database, config, app.log)
  const origin = randomInt(ORIGINS)
  const bus = await openBus(config, app, options, (payload) => originOf(payload) === origin)
  closers.add(() => bus.close())
  const rates = openRateLimiter(config, closers)
  const mailer = openMailer(config.mail, config.mailFrom)
  closers.add(() => mailer.close())
  const outbox = createOutboxSender({ orm: database.orm, mailer, clock, log: app.log })
  closers.add(() => outbox.stop())
  const services = await createServices({
    config,
    database,
    bus,
    onMail: () => outbox.wake(),
    clock,
    rates: withMetrics(rates, metrics),
    tracing
  })
  closers.add(() => services.epoch.stop())
  const hub = createHub(services, { bus, origin }, config, app, { metrics, tracing })
  closers.add(() => hub.close())
  closers.add(() => services.messages.flush())
  const connections = new Connections({
    findDeadSessions: (ids) => services.sessions.findDead(ids),
    pingIntervalMs: config.sockets.pingIntervalMs,
    sessionCheckIntervalMs: config.sockets.sessionCheckIntervalMs,
    maxSocketsPerUser: config.sockets.maxSocketsPerUser
  })
  closers.add(() => connections.stop())
  followEvents(bus, services, hub, connections, metrics)
  services.epoch.onChange(() => {
    app.log.warn(
      'the database went back to an earlier state: acknowledged messages may be gone; every socket is closed and ' +
      'told to start over'
    )
    connections.restartAll('another epoch has begun')
    hub.reset()
  })
  closers.add(() => closeServer(app))
  await buildApp(app, { config, services, hub, connections, database, bus, rates, metrics, tracing })
  const metricsServer = await serveReplicaMetrics(app, { config, database, bus })
  closers.add(() => metricsServer?.close())
  await app.listen({ host: config.host, port: config.port, backlog: LISTEN_BACKLOG })
  outbox.start()
  const cleanup = setInterval(
    () =>
      void services.sessions.removeEnded().catch((error: unknown) => app.log.warn({ err: error }, 'clean-up failed')),
    CLEANUP_INTERVAL_MS
  )
  closers.add(() => clearInterval(cleanup))
  closers.add(() => drain(app, config, connections))
  if (config.rebalancing !== undefined)
    closers.add(startRebalancing({ bus, sockets: connections, ...config.rebalancing }))

  let closing: Promise<void> | undefined
  return {
    url: urlOf(app),
    app,
    metricsUrl: metricsServer === undefined ? undefined : `http://127.0.0.1:${String(metricsServer.port)}/metrics`,
    description: `${database.description}, ${bus.description}, mail by ${mailer.description}`,
    close: () => (closing ??= closers.close())
  }
}

async function openBus (
  config: Config,
  app: FastifyInstance,
  { wrapBus }: ReplicaOptions,
  isEcho: EchoTest
): Promise<Bus> {
  const bus =
    config.redis === undefined ? createMemoryBus(isEcho) : await openRedisBus({ ...config.redis, isEcho, log: app.log })
  return wrapBus === undefined ? bus : wrapBus(bus)
}

/** Rates are counted on a connection of their own. It reports nothing: the bus already says when Redis is away. */
function openRateLimiter ({ rateLimits, redis: settings }: Config, closers: Closers): RateLimiter {
  if (!rateLimits) return UNLIMITED
  if (settings === undefined) return createLocalRateLimiter()
  const connect = settings.address.kind === 'cluster' ? connectRedisCluster : connectRedis
  const redis = connect(settings.address, 'rates', { commandTimeout: RATE_TIMEOUT_MS })
  closers.add(() => redis.disconnect())
  redis.on('error', () => undefined)
  redis.connect().catch(() => undefined)
  return createRedisRateLimiter({ redis, prefix: settings.prefix, fallback: createLocalRateLimiter() })
}

function createHub (
  { chats, log, messages, epoch }: Services,
  { bus, origin }: { bus: Bus, origin: number },
  config: Config,
  app: FastifyInstance,
  { metrics, tracing }: { metrics: Metrics, tracing: Tracing | undefined }
): Hub {
  const hub = new Hub({
    bus,
    origin,
    log: { ...chats, ...log },
    // A face with sockets has its codec here. The first is common to all builds: see `realtime/codec.ts`.
    codecs: [CHATCLI_CODEC],
    epoch: () => epoch.current,
    sweepIntervalMs: config.sweepIntervalMs,
    metrics,
    tracing,
    logger: app.log
  })
  messages.onCommitted((committed) => {
    metrics.eventsCommitted.add('message', committed.events.length)
    hub.announce(committed)
  })
  return hub
}

/** What was done to sessions and memberships, here or on other replicas, reaches the caches and the sockets here. */
function followEvents (bus: Bus, services: Services, hub: Hub, connections: Connections, metrics: Metrics): void {
  services.sessions.onRevoked((sessionIds) => connections.endSessions(sessionIds))
  const handler = (payload: Buffer) => {
    const event = decodeInvalidation(payload)
    if (event?.type === 'sessions_revoked') services.sessions.noteRevoked(event.sessionIds)
    else if (event?.type === 'members_changed') hub.membersChanged(event.chatId, event.membersVersion)
  }
  // Down now means subscribed later; until then the sessions of sockets are looked up every few seconds.
  bus.subscribe(INVALIDATIONS_CHANNEL, handler).catch(() => undefined)
  bus.onChange((isUp) => {
    if (!isUp) return
    metrics.busReconnects++
    void connections.checkSessions()
  })
}

/** Readiness fails at once; sockets are let in until the balancer has noticed, then refused, and those there closed. */
async function drain (app: FastifyInstance, config: Config, connections: Connections): Promise<void> {
  const { clients } = app.websocketServer
  app.lifecycle.phase = 'leaving'
  app.log.info({ sockets: clients.size, delayMs: config.drain.delayMs }, 'readiness fails from now on')
  await sleep(config.drain.delayMs)
  app.lifecycle.phase = 'draining'
  app.log.info({ sockets: clients.size, windowMs: config.drain.windowMs }, 'sockets are closed')
  await connections.drain(config.drain.windowMs)
  for (const client of clients) client.close(CLOSE_CODES.restart)
  const deadline = Date.now() + CLOSE_GRACE_MS
  while (clients.size > 0 && Date.now() < deadline) await sleep(10)
  if (clients.size > 0) app.log.info({ sockets: clients.size }, 'sockets that did not answer their close are cut')
  for (const client of clients) client.terminate()
}

/** Ends the server, also when a client leaves its request half said. */
async function closeServer (app: FastifyInstance): Promise<void> {
  const cut = setTimeout(() => app.server.closeAllConnections(), REQUEST_GRACE_MS)
  await app.close()
  clearTimeout(cut)
}

function sleep (ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function urlOf (app: FastifyInstance): string {
  const address = app.addresses().find((candidate) => typeof candidate !== 'string')
  if (address === undefined) return app.listeningOrigin
  const host = address.address === '0.0.0.0' || address.address === '::' ? 'localhost' : address.address
  return `http://${address.family === 'IPv6' && host !== 'localhost' ? `[${host}]` : host}:${String(address.port)}`
}
