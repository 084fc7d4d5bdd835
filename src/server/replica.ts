/** One replica: ports opened by the configuration, the domain on them, the server in front; and its orderly end. */
import type { FastifyInstance } from 'fastify'
import type { Server } from 'node:http'
import { createBackgroundJobs, startBackgroundJobs } from './background-jobs.ts'
import { buildApp, createServer } from './app.ts'
import type { Config } from '../config/config.ts'
import type { StartState } from '../api/ops/readiness.ts'
import { CHATCLI_CODEC, CHATCLI_CURRENT_CODEC } from '../api/chatcli/ws/codec.ts'
import { EMOTECHAT_CODEC } from '../api/emotechat/ws/codec.ts'
import { V1_CODEC } from '../api/v1/realtime/codec.ts'
import type { CommittedEvents } from '../domain/events/event-writer.ts'
import { decodeInvalidation, INVALIDATIONS_CHANNEL } from '../domain/invalidations.ts'
import type { LogFollower } from '../jobs/log-follower.ts'
import { describeFinding, type Finding } from '../lib/finding.ts'
import { explainListening, portOf } from '../lib/listening.ts'
import { Metrics } from '../observability/metrics/metrics.ts'
import { SERVER_NAMES } from '../preflight/ports.ts'
import { withMetrics } from '../rate-limits/with-metrics.ts'
import { Connections } from '../realtime/connections.ts'
import type { Contacts } from '../realtime/contacts.ts'
import { Following } from '../realtime/following.ts'
import { Hub } from '../realtime/hub.ts'
import { PayloadSeal } from '../realtime/payload-seal.ts'
import type { Presence } from '../realtime/presence.ts'
import { startRebalancing } from '../realtime/rebalancing.ts'
import { UserFeeds } from '../realtime/user-feeds.ts'
import { closeServers, closeSockets, leave, phaseLimits, trackConnections } from './drain.ts'
import { Lifecycle } from './lifecycle.ts'
import type { LogStream } from './logger.ts'
import { openPorts, type PortOverrides, type Ports } from './ports.ts'
import { openPresence } from './presence.ts'
import { createSecondServer, listenOnSecondPort } from './second-port.ts'
import { serveReplicaMetrics } from './replica-metrics.ts'
import { createServices, type Services } from './services.ts'
import { StartingServer } from './starting-server.ts'
import { createUserShares, type UserShares } from './user-shares.ts'

const CLEANUP_INTERVAL_MS = 3_600_000
/** Connections that may wait to be accepted: after a restart all clients reconnect at once. */
const LISTEN_BACKLOG = 4_096

/** A running replica. */
export type Replica = {
  /** Where it listens, e.g. `http://127.0.0.1:5123`. */
  readonly url: string
  /** Address of its metrics on its machine; undefined when they are off. */
  readonly metricsUrl: string | undefined
  /** The port in `CHATCLI_WS_PORT`; undefined when there is none. */
  readonly chatcliSocketPort: number | undefined
  readonly app: FastifyInstance
  /** What it runs on, in one sentence without a credential. */
  readonly description: string
  /** The parts of that sentence. */
  readonly parts: { store: string, bus: string, mailer: string }
  /** Ends it in the order of its phases; see {@link Lifecycle}. */
  close: () => Promise<void>
}

/** How a replica is started, and replacements for configured parts. */
export type ReplicaOptions = PortOverrides & {
  /** The HTTP server without routes; made if it is missing. */
  app?: FastifyInstance
  /** Gives the start up when it is aborted. */
  signal?: AbortSignal
  /** What was found by checks before: warnings are logged. */
  findings?: readonly Finding[]
  /** For tests. */
  logStream?: LogStream
}

/** The parts of a replica. */
type Parts = {
  config: Config
  app: FastifyInstance
  ports: Ports
  services: Services
  shares: UserShares
  metrics: Metrics
  lifecycle: Lifecycle
  follower: LogFollower
}

/**
 * Starts a replica and resolves when it serves. Until then its port answers that it is alive and not ready.
 * @throws {ListenError} when a port cannot be opened
 * @throws {PreconditionError} when the database cannot be reached or is not fit
 * @throws {EmbeddedStoreError} when the embedded store cannot be used
 * @throws the reason of the signal
 */
export async function startReplica (config: Config, options: ReplicaOptions = {}): Promise<Replica> {
  const app = options.app ?? createServer(config, options.logStream)
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
  const { signal = new AbortController().signal, findings = [] } = options
  logConfiguration(app, config, findings)
  const metrics = new Metrics()
  const starting = await StartingServer.listen(config)
  lifecycle.onStop('closing', () => starting.close())
  const onState = (state: StartState) => {
    starting.state = state
  }
  const ports = await openPorts({ config, overrides: options, lifecycle, metrics, log: app.log, onState, signal })
  const { database, bus, rates, tracing } = ports
  const services = await createServices({
    ...ports,
    config,
    onJobs: () => background.jobs.wake(),
    rates: withMetrics(rates, metrics),
    metrics,
    log: app.log
  })
  const shares = createUserShares(config)
  const background = createBackgroundJobs({ ports, services, metrics, lifecycle, log: app.log })
  const { jobs, follower } = background
  const parts: Parts = { config, app, ports, services, shares, metrics, lifecycle, follower }
  const hub = createHub(parts)
  const { presence, contacts, watchedUsers } = await openPresence({ ...parts, log: app.log })
  const following = createFollowing(parts, hub, contacts)
  const userFeeds = createUserFeeds(parts, hub)
  const connections = createConnections(parts, presence)
  followOtherReplicas(parts, hub, connections)
  services.epoch.onChange(() => userFeeds.reset())
  const second = createSecondServer(app, config)
  const tcpSockets = trackConnections(second === undefined ? [app.server] : [app.server, second])
  lifecycle.onStop('closing', () => closeServers(app, second, tcpSockets))
  const realtime = { hub, following, userFeeds, contacts, presence, watchedUsers, connections, shares }
  await buildApp(app, { config, services, ...realtime, database, bus, rates, metrics, tracing, lifecycle })
  const metricsServer = await serveReplicaMetrics(app, { config, database, bus, jobs })
  lifecycle.onStop('closing', () => metricsServer?.close())
  await app.ready()
  signal.throwIfAborted()
  await listen(starting, app, second, config)
  startBackgroundJobs(background, { ...parts, log: app.log })
  startBackgroundWork(parts, connections)
  lifecycle.onStop('leaving', () => leave(app, config.drain.delayMs))
  lifecycle.onStop('draining', () => closeSockets(app, connections, config.drain.windowMs))
  lifecycle.serve()
  return {
    url: urlOf(app),
    chatcliSocketPort: second === undefined ? undefined : portOf(second),
    app,
    metricsUrl: metricsServer === undefined ? undefined : `http://127.0.0.1:${String(metricsServer.port)}/metrics`,
    description: `${database.description}, ${bus.description}, mail by ${ports.mailer.description}`,
    parts: { store: database.description, bus: bus.description, mailer: ports.mailer.description },
    close: () => lifecycle.stop()
  }
}

function logConfiguration ({ log }: FastifyInstance, config: Config, findings: readonly Finding[]): void {
  log.info({ configuration: config.shown }, 'configuration')
  for (const { name, meant } of config.unknownVariables)
    log.warn(`${name} is no variable of Confab: ${meant} was probably meant`)
  for (const finding of findings) if (finding.level === 'warning') log.warn(describeFinding(finding))
}

/** Opens the ports of clients, the first of which has been the starting server's. */
async function listen (
  starting: StartingServer, app: FastifyInstance, second: Server | undefined, config: Config
): Promise<void> {
  await starting.close()
  const listening = app.listen({ host: config.host, port: config.port, backlog: LISTEN_BACKLOG })
  await explainListening(listening, config, SERVER_NAMES)
  await listenOnSecondPort(second, config, LISTEN_BACKLOG)
}

function createHub ({ config, app, ports, services, shares, metrics, lifecycle, follower }: Parts): Hub {
  const { bus, origin, tracing } = ports
  const { chats, log, messages, readMarks } = services
  const hub = new Hub({
    bus,
    origin,
    // Without Redis nobody else is on the bus.
    seal: config.redis === undefined ? undefined : new PayloadSeal(config.jwtSecrets),
    log: { ...chats, ...log },
    // A face with sockets has its codec here. The first is common to all builds: see `realtime/codec.ts`.
    codecs: [CHATCLI_CODEC, CHATCLI_CURRENT_CODEC, EMOTECHAT_CODEC, V1_CODEC],
    epoch: services.epoch,
    sweepIntervalMs: config.sweepIntervalMs,
    reads: shares.reads,
    replayPaces: shares.replays,
    typingPaces: shares.typing,
    metrics,
    tracing,
    logger: app.log
  })
  const publish = (committed: CommittedEvents) => {
    const count = committed.events.filter(({ kind }) => kind === 'message.created').length
    metrics.eventsCommitted.add('message', count)
    metrics.eventsCommitted.add('other', committed.events.length - count)
    hub.announce(committed)
    follower.note('chats', [committed.chatId])
    announceMentions(services, committed)
    if (committed.events.some(({ kind }) => kind === 'message.deleted')) services.fileSweeper?.wake()
  }
  messages.onCommitted(publish)
  chats.onCommitted(publish)
  readMarks.onMoved((mark) => hub.reads.announce(mark))
  lifecycle.onStop('flushing', () => hub.close())
  // Registered last, so it runs before the hub is closed, which publishes the stored messages.
  lifecycle.onStop('flushing', () => messages.flush())
  return hub
}

function createFollowing (
  { app, ports: { bus }, services: { chats }, metrics, lifecycle, follower }: Parts,
  hub: Hub,
  contacts: Contacts
): Following {
  const following = new Following({ hub, bus, lists: chats, contacts, metrics, logger: app.log })
  chats.onListsChanged((userIds) => {
    following.announce(userIds)
    follower.note('feeds', userIds)
  })
  lifecycle.onStop('flushing', () => following.close())
  return following
}

/** Wakes the feeds of those whom messages mention. What gets lost is found by the sweep. */
function announceMentions ({ feeds }: Services, { chatId, events }: CommittedEvents): void {
  for (const event of events) {
    if (event.kind !== 'message.created' || event.extras === undefined) continue
    feeds.announceMentions(chatId, event.extras.mentions).catch(() => undefined)
  }
}

function createUserFeeds (
  { app, ports: { bus }, services: { feeds }, lifecycle, follower }: Parts,
  hub: Hub
): UserFeeds {
  const userFeeds = new UserFeeds({
    feeds,
    bus,
    hearMark: (userId, payload, sockets) => hub.reads.hearOwn(userId, payload, sockets),
    onSweep: (listener) => hub.onSweep(listener),
    logger: app.log
  })
  feeds.onChanged((userIds) => userFeeds.announce(userIds))
  feeds.onChanged((userIds) => follower.note('feeds', userIds))
  lifecycle.onStop('flushing', () => userFeeds.close())
  return userFeeds
}

function createConnections ({ config: { sockets }, services, lifecycle }: Parts, presence: Presence): Connections {
  const connections = new Connections({
    presence,
    findEnded: (ids) => services.findEndedCredentials(ids),
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
  { app, ports: { bus }, services, metrics, follower }: Parts,
  hub: Hub,
  connections: Connections
): void {
  services.sessions.onRevoked((sessionIds) => connections.endCredentials(sessionIds))
  services.tokenRevocations.onRevoked((areRevoked) => connections.endCredentialsThat(areRevoked))
  // This replica handles it itself: the bus may be down.
  services.blocks.onChanged((_userIds, chat) => chat && hub.membersChanged(chat.chatId, chat.membersVersion))
  // What cannot be read now is read at the next sweep.
  const refreshHook = async () => services.messageHook.refresh().catch(() => undefined)
  hub.onSweep(refreshHook)
  const handler = (payload: Buffer) => {
    const event = decodeInvalidation(payload)
    if (event?.type === 'sessions_revoked') services.sessions.noteRevoked(event.sessionIds)
    else if (event?.type === 'tokens_revoked') services.tokenRevocations.note(event.userId, event.untilMs)
    else if (event?.type === 'members_changed') hub.membersChanged(event.chatId, event.membersVersion)
    else if (event?.type === 'chats_closed') hub.chatsClosed(event.chatType)
    else if (event?.type === 'hook_changed') void refreshHook()
    else if (event?.type === 'webhooks_changed') follower.refresh()
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
    services.idempotency.removeOld().catch((error: unknown) => {
      app.log.warn({ err: error }, 'old answers could not be removed; the next try is in an hour')
    })
  }
  lifecycle.onStop('releasing', () => services.outbound.close())
  Promise.all([services.webhooks.reseal(), services.messageHook.reseal()]).catch((error: unknown) => {
    app.log.warn({ err: error }, 'secrets of webhooks could not be encrypted anew; the next start tries again')
  })
  services.fileSweeper?.start()
  lifecycle.onStop('flushing', () => services.fileSweeper?.stop())
  services.eraser.start()
  lifecycle.onStop('flushing', () => services.eraser.stop())
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
