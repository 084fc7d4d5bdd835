/** One replica: ports opened by the configuration, the domain on them, the server in front; and its orderly end. */
import type { FastifyInstance } from 'fastify'
import { buildApp, createServer } from './app.ts'
import type { Config } from '../config/config.ts'
import { CHATCLI_CODEC } from '../api/chatcli/ws/codec.ts'
import { decodeInvalidation, INVALIDATIONS_CHANNEL } from '../domain/invalidations.ts'
import { createOutboxSender } from '../jobs/outbox-sender.ts'
import { Metrics } from '../observability/metrics/metrics.ts'
import { withMetrics } from '../rate-limits/with-metrics.ts'
import { Connections } from '../realtime/connections.ts'
import { Hub } from '../realtime/hub.ts'
import { startRebalancing } from '../realtime/rebalancing.ts'
import { closeServer, closeSockets, leave, phaseLimits } from './drain.ts'
import { Lifecycle } from './lifecycle.ts'
import type { LogStream } from './logger.ts'
import { openPorts, type PortOverrides, type Ports } from './ports.ts'
import { serveReplicaMetrics } from './replica-metrics.ts'
import { createServices, type Services } from './services.ts'

const CLEANUP_INTERVAL_MS = 3_600_000
/** Connections that may wait to be accepted: after a restart all clients reconnect at once. */
const LISTEN_BACKLOG = 4_096

/** A running replica. */
export type Replica = {
  /** Where it listens, e.g. `http://127.0.0.1:5123`. */
  readonly url: string
  /** Address of its metrics on its machine; undefined when they are off. */
  readonly metricsUrl: string | undefined
  readonly app: FastifyInstance
  /** What it runs on, in one sentence without a credential. */
  readonly description: string
  /** Ends it in the order of its phases; see {@link Lifecycle}. */
  close: () => Promise<void>
}

/** For tests: replacements for configured parts. */
export type ReplicaOptions = PortOverrides & { logStream?: LogStream }

/** The parts of a replica. */
type Parts = {
  config: Config
  app: FastifyInstance
  ports: Ports
  services: Services
  metrics: Metrics
  lifecycle: Lifecycle
}

/**
 * Starts a replica and resolves when it serves.
 * @throws when the port is taken, the database cannot be reached or the embedded store is in use
 */
export async function startReplica (config: Config, options: ReplicaOptions = {}): Promise<Replica> {
  const app = createServer(config, options.logStream)
  const lifecycle = new Lifecycle(phaseLimits(config), app.log)
  try {
    return await start(config, app, options, lifecycle)
  } catch (error) {
    // The reason why it cannot start matters more than a failure to clean up.
    await lifecycle.stop().catch(() => undefined)
    throw error
  }
}

async function start (
  config: Config,
  app: FastifyInstance,
  options: ReplicaOptions,
  lifecycle: Lifecycle
): Promise<Replica> {
  app.log.info({ configuration: config.shown }, 'configuration')
  for (const { name, meant } of config.unknownVariables)
    app.log.warn(`${name} is no variable of Confab: ${meant} was probably meant`)
  const metrics = new Metrics()
  const ports = await openPorts({ config, overrides: options, lifecycle, metrics, log: app.log })
  const { database, epoch, bus, rates, mailer, tracing } = ports
  const outbox = createOutboxSender({ orm: database.orm, mailer, log: app.log })
  lifecycle.onStop('flushing', () => outbox.stop())
  const services = await createServices({
    config,
    database,
    epoch,
    bus,
    onMail: () => outbox.wake(),
    rates: withMetrics(rates, metrics),
    tracing
  })
  const parts: Parts = { config, app, ports, services, metrics, lifecycle }
  const hub = createHub(parts)
  const connections = createConnections(parts)
  followOtherReplicas(parts, hub, connections)
  lifecycle.onStop('closing', () => closeServer(app))
  await buildApp(app, { config, services, hub, connections, database, bus, rates, metrics, tracing, lifecycle })
  const metricsServer = await serveReplicaMetrics(app, { config, database, bus })
  lifecycle.onStop('closing', () => metricsServer?.close())
  await app.listen({ host: config.host, port: config.port, backlog: LISTEN_BACKLOG })
  outbox.start()
  startBackgroundWork(parts, connections)
  lifecycle.onStop('leaving', () => leave(app, config.drain.delayMs))
  lifecycle.onStop('draining', () => closeSockets(app, connections, config.drain.windowMs))
  lifecycle.serve()
  return {
    url: urlOf(app),
    app,
    metricsUrl: metricsServer === undefined ? undefined : `http://127.0.0.1:${String(metricsServer.port)}/metrics`,
    description: `${database.description}, ${bus.description}, mail by ${mailer.description}`,
    close: () => lifecycle.stop()
  }
}

function createHub ({ config, app, ports, services, metrics, lifecycle }: Parts): Hub {
  const { bus, origin, tracing } = ports
  const { chats, log, messages } = services
  const hub = new Hub({
    bus,
    origin,
    log: { ...chats, ...log },
    // A face with sockets has its codec here. The first is common to all builds: see `realtime/codec.ts`.
    codecs: [CHATCLI_CODEC],
    sweepIntervalMs: config.sweepIntervalMs,
    metrics,
    tracing,
    logger: app.log
  })
  messages.onCommitted((committed) => {
    metrics.eventsCommitted.add('message', committed.events.length)
    hub.announce(committed)
  })
  lifecycle.onStop('flushing', () => hub.close())
  // Registered last, so it runs before the hub is closed, which publishes the stored messages.
  lifecycle.onStop('flushing', () => messages.flush())
  return hub
}

function createConnections ({ config: { sockets }, services, lifecycle }: Parts): Connections {
  const connections = new Connections({
    findDeadSessions: (ids) => services.sessions.findDead(ids),
    pingIntervalMs: sockets.pingIntervalMs,
    sessionCheckIntervalMs: sockets.sessionCheckIntervalMs,
    maxSocketsPerUser: sockets.maxSocketsPerUser
  })
  lifecycle.onStop('closing', () => connections.stop())
  return connections
}

/**
 * Applies changes of sessions, memberships and the epoch, made here or on other replicas, to the caches and sockets of
 * this replica.
 */
function followOtherReplicas (
  { app, ports: { bus }, services, metrics }: Parts,
  hub: Hub,
  connections: Connections
): void {
  services.sessions.onRevoked((sessionIds) => connections.endSessions(sessionIds))
  const handler = (payload: Buffer) => {
    const event = decodeInvalidation(payload)
    if (event?.type === 'sessions_revoked') services.sessions.noteRevoked(event.sessionIds)
    else if (event?.type === 'members_changed') hub.membersChanged(event.chatId, event.membersVersion)
  }
  // If the bus is down now it subscribes later; until then the sessions of sockets are checked at intervals.
  bus.subscribe(INVALIDATIONS_CHANNEL, handler).catch(() => undefined)
  bus.onChange((isUp) => {
    if (!isUp) return
    metrics.busReconnects++
    void connections.checkSessions()
  })
  services.epoch.onChange(() => {
    app.log.warn(
      'the database went back to an earlier state: acknowledged messages may be gone; every socket is closed and ' +
      'must start over'
    )
    connections.restartAll('another epoch has begun')
    hub.reset()
  })
}

function startBackgroundWork (
  { config, app, ports: { bus }, services, lifecycle }: Parts,
  connections: Connections
): void {
  const removeEnded = () => {
    services.sessions.removeEnded().catch((error: unknown) => {
      app.log.warn({ err: error }, 'ended sessions could not be removed; the next try is in an hour')
    })
  }
  const cleanup = setInterval(removeEnded, CLEANUP_INTERVAL_MS)
  lifecycle.onStop('closing', () => clearInterval(cleanup))
  const { rebalancing } = config
  if (rebalancing !== undefined) {
    lifecycle.onStop('leaving', startRebalancing({ bus, sockets: connections, ...rebalancing }))
  }
}

function urlOf (app: FastifyInstance): string {
  const address = app.addresses().find((candidate) => typeof candidate !== 'string')
  if (address === undefined) return app.listeningOrigin
  const host = address.address === '0.0.0.0' || address.address === '::' ? 'localhost' : address.address
  return `http://${address.family === 'IPv6' && host !== 'localhost' ? `[${host}]` : host}:${String(address.port)}`
}
