/** One replica: ports opened by the configuration, the domain on them, the server in front; and its orderly end. */
import type { FastifyInstance } from 'fastify'
import type { Server } from 'node:http'
import { createBackgroundJobs, startBackgroundJobs } from './background-jobs.ts'
import { startBackgroundWork } from './background-work.ts'
import { buildApp, createServer } from './app.ts'
import type { Config } from '../config/config.ts'
import type { StartState } from '../api/ops/readiness.ts'
import { describeFinding, type Finding } from '../lib/finding.ts'
import { explainListening, portOf } from '../lib/listening.ts'
import { Metrics } from '../observability/metrics/metrics.ts'
import { SERVER_NAMES } from '../preflight/ports.ts'
import { withMetrics } from '../rate-limits/with-metrics.ts'
import { closeServers, closeSockets, leave, phaseLimits, trackConnections } from './drain.ts'
import { Lifecycle } from './lifecycle.ts'
import type { LogStream } from './logger.ts'
import { openPorts, type PortOverrides } from './ports.ts'
import { openRealtime, type RealtimeParts } from './realtime.ts'
import { createSecondServer, listenOnSecondPort } from './second-port.ts'
import { serveReplicaMetrics } from './replica-metrics.ts'
import { createServices } from './services.ts'
import { StartingServer } from './starting-server.ts'
import { createUserShares } from './user-shares.ts'

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
  const findOnline = (userIds: readonly number[]) => realtime.presence.findOnline(userIds)
  const background = createBackgroundJobs({ config, ports, services, metrics, lifecycle, findOnline, log: app.log })
  const parts: RealtimeParts = { config, app, ports, services, shares, metrics, lifecycle, ...background }
  const realtime = await openRealtime(parts)
  const { connections } = realtime
  const second = createSecondServer(app, config)
  const tcpSockets = trackConnections(second === undefined ? [app.server] : [app.server, second])
  lifecycle.onStop('closing', () => closeServers(app, second, tcpSockets))
  await buildApp(app, { config, services, shares, ...realtime, database, bus, rates, metrics, tracing, lifecycle })
  const metricsServer = await serveReplicaMetrics(app, { config, database, bus, jobs: parts.jobs })
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

function urlOf (app: FastifyInstance): string {
  const address = app.addresses().find((candidate) => typeof candidate !== 'string')
  if (address === undefined) return app.listeningOrigin
  const host = address.address === '0.0.0.0' || address.address === '::' ? 'localhost' : address.address
  return `http://${address.family === 'IPv6' && host !== 'localhost' ? `[${host}]` : host}:${String(address.port)}`
}
