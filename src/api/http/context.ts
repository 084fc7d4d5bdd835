/** Makes the domain and the realtime part available to every route. */
import fastifyPlugin from 'fastify-plugin'
import type { Config } from '../../config/config.ts'
import type { Metrics } from '../../observability/metrics/metrics.ts'
import type { Connections } from '../../realtime/connections.ts'
import type { Hub } from '../../realtime/hub.ts'
import type { Lifecycle } from '../../server/lifecycle.ts'
import type { Services } from '../../server/services.ts'
import type { Tracing } from '../../observability/tracing/tracing.ts'

declare module 'fastify' {
  interface FastifyInstance {
    config: Config
    services: Services
    hub: Hub
    connections: Connections
    metrics: Metrics
    /** Creates spans, if tracing is configured. */
    tracing: Tracing | undefined
    /** The phase of the replica, which determines its readiness and whether it accepts new sockets. */
    lifecycle: Lifecycle
  }
}

/** The services behind the routes. */
export type Served = {
  config: Config
  services: Services
  hub: Hub
  connections: Connections
  metrics: Metrics
  tracing: Tracing | undefined
  lifecycle: Lifecycle
}

export default fastifyPlugin<Served>(
  async (app, { config, services, hub, connections, metrics, tracing, lifecycle }) => {
    app.decorate('config', config)
    app.decorate('services', services)
    app.decorate('hub', hub)
    app.decorate('connections', connections)
    app.decorate('metrics', metrics)
    app.decorate('tracing', tracing)
    app.decorate('lifecycle', lifecycle)
    // A connection that is kept would be cut in the middle of its next request.
    app.addHook('onRequest', async (_request, reply) => {
      if (lifecycle.isStopping) reply.header('connection', 'close')
    })
  },
  { name: 'services', fastify: '5.x' }
)
