/** What a replica does at intervals beside its jobs, from when it serves until it stops. */
import type { FastifyInstance } from 'fastify'
import { readVersion } from '../api/openapi/version.ts'
import type { Config } from '../config/config.ts'
import type { Metrics } from '../observability/metrics/metrics.ts'
import type { Connections } from '../realtime/connections.ts'
import { startRebalancing } from '../realtime/rebalancing.ts'
import type { Lifecycle } from './lifecycle.ts'
import { type Ports, replicaName } from './ports.ts'
import { ReplicaHeartbeat } from './replica-heartbeat.ts'
import type { Services } from './services.ts'

const CLEANUP_INTERVAL_MS = 3_600_000

/** The parts of the replica that are used. */
export type BackgroundWorkDeps = {
  config: Config
  app: FastifyInstance
  ports: Pick<Ports, 'database' | 'bus' | 'origin'>
  services: Services
  metrics: Metrics
  lifecycle: Lifecycle
}

/** Begins it. */
export function startBackgroundWork (deps: BackgroundWorkDeps, connections: Connections): void {
  const { config, app, ports: { bus }, services, lifecycle } = deps
  lifecycle.onStop('releasing', () => services.outbound.close())
  lifecycle.onStop('releasing', () => services.push.close())
  Promise.all([services.webhooks.reseal(), services.messageHook.reseal()]).catch((error: unknown) => {
    app.log.warn({ err: error }, 'secrets of webhooks could not be encrypted anew; the next start tries again')
  })
  const cleanup = setInterval(() => cleanUp(deps), CLEANUP_INTERVAL_MS)
  lifecycle.onStop('closing', () => clearInterval(cleanup))
  const { rebalancing } = config
  if (rebalancing !== undefined) {
    lifecycle.onStop('leaving', startRebalancing({ bus, sockets: connections, ...rebalancing }))
  }
  startHeartbeat(deps, connections)
}

/** Removes what is no longer needed. */
function cleanUp ({ config, app, services }: BackgroundWorkDeps): void {
  const remove = (what: string, removing: Promise<void>) => {
    removing.catch((error: unknown) => {
      app.log.warn({ err: error }, `${what} could not be removed; the next try is in an hour`)
    })
  }
  remove('ended sessions', services.sessions.removeEnded())
  remove('old answers', services.idempotency.removeOld())
  remove('old rows of the audit log', services.auditLog.removeOlderThan(config.auditLogMs))
}

/** Says at intervals how this replica is. */
function startHeartbeat (
  { config, ports: { database: { orm }, origin, bus }, metrics, lifecycle }: BackgroundWorkDeps,
  connections: Connections
): void {
  const storesOnDisk = config.database.url === undefined || config.files.storage.kind === 'disk'
  const heartbeat = new ReplicaHeartbeat({
    orm,
    id: replicaName(origin),
    version: readVersion(),
    folder: storesOnDisk ? config.dataDir : undefined,
    sockets: () => connections.size,
    messages: () => metrics.eventsCommitted.count('message'),
    isBusUp: () => bus.isUp
  })
  heartbeat.start()
  lifecycle.onStop('flushing', () => heartbeat.stop())
}
