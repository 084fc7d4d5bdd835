/** Makes the domain and the realtime part available to every route. */
import fastifyPlugin from 'fastify-plugin'
import type { Config } from '../../config/config.ts'
import type { Metrics } from '../../observability/metrics/metrics.ts'
import type { Connections } from '../../realtime/connections.ts'
import type { Contacts } from '../../realtime/contacts.ts'
import type { Following } from '../../realtime/following.ts'
import type { Hub } from '../../realtime/hub.ts'
import type { Presence } from '../../realtime/presence.ts'
import type { UserFeeds } from '../../realtime/user-feeds.ts'
import type { WatchedUsers } from '../../realtime/watched-users.ts'
import type { Lifecycle } from '../../server/lifecycle.ts'
import type { Services } from '../../server/services.ts'
import type { UserShares } from '../../server/user-shares.ts'
import type { Tracing } from '../../observability/tracing/tracing.ts'

declare module 'fastify' {
  interface FastifyInstance {
    config: Config
    services: Services
    hub: Hub
    following: Following
    userFeeds: UserFeeds
    contacts: Contacts
    presence: Presence
    watchedUsers: WatchedUsers
    connections: Connections
    /** What one user may use. */
    shares: UserShares
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
  following: Following
  userFeeds: UserFeeds
  contacts: Contacts
  presence: Presence
  watchedUsers: WatchedUsers
  connections: Connections
  shares: UserShares
  metrics: Metrics
  tracing: Tracing | undefined
  lifecycle: Lifecycle
}

export default fastifyPlugin<Served>(
  async (app, served) => {
    const { config, services, hub, following, userFeeds, contacts, presence } = served
    const { watchedUsers, connections, shares, metrics, tracing, lifecycle } = served
    app.decorate('config', config)
    app.decorate('services', services)
    app.decorate('hub', hub)
    app.decorate('following', following)
    app.decorate('userFeeds', userFeeds)
    app.decorate('contacts', contacts)
    app.decorate('presence', presence)
    app.decorate('watchedUsers', watchedUsers)
    app.decorate('connections', connections)
    app.decorate('shares', shares)
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
