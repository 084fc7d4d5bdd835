/** Opens presence, and what shows it to sockets. */
import type { FastifyBaseLogger } from 'fastify'
import type { Config } from '../config/config.ts'
import { withDeadline } from '../lib/deadline.ts'
import { connectRedis, connectRedisCluster } from '../lib/redis/connection.ts'
import type { Metrics } from '../observability/metrics/metrics.ts'
import type { PresenceLeases } from '../presence/leases.ts'
import { createMemoryPresence } from '../presence/memory.ts'
import { RedisPresence } from '../presence/redis.ts'
import { Contacts } from '../realtime/contacts.ts'
import { NO_PRESENCE, type Presence, SharedPresence } from '../realtime/presence.ts'
import { publishToUser } from '../realtime/user-events.ts'
import { WatchedUsers } from '../realtime/watched-users.ts'
import type { Lifecycle } from './lifecycle.ts'
import { type Ports, replicaName } from './ports.ts'
import type { Services } from './services.ts'

/** A Redis that has not answered by then counts as unavailable, in milliseconds. */
const TIMEOUT_MS = 2_000
const CONNECT_MS = 1_000

/** Dependencies of presence. */
export type PresenceParts = {
  config: Config
  ports: Ports
  services: Services
  metrics: Metrics
  lifecycle: Lifecycle
  log: FastifyBaseLogger
}

/** Opens presence, if it is configured. */
export async function openPresence (
  parts: PresenceParts
): Promise<{ presence: Presence, contacts: Contacts, watchedUsers: WatchedUsers }> {
  const { config, ports: { bus }, services: { blocks, chats, presenceSettings }, metrics, lifecycle, log } = parts
  const { presence: settings } = config
  const presence = settings &&
    new SharedPresence({ leases: await openLeases(parts, settings.leaseMs), bus, ...settings, logger: log })
  const contacts = new Contacts({ presence, bus, lists: chats, metrics, logger: log })
  const watchedUsers = new WatchedUsers({
    presence: presence ?? NO_PRESENCE,
    bus,
    visibleTo: (principal, userIds) => presenceSettings.visibleTo(principal, userIds),
    metrics,
    logger: log
  })
  chats.onCommitted(({ chatId }) => contacts.membersChanged(chatId))
  blocks.onChanged((userIds) => {
    for (const userId of userIds) publishToUser(bus, userId, { type: 'rights_changed' })
  })
  presenceSettings.onChanged((userId) => contacts.rightsChanged(userId))
  lifecycle.onStop('flushing', () => presence?.close())
  lifecycle.onStop('flushing', () => contacts.close())
  return { presence: presence ?? NO_PRESENCE, contacts, watchedUsers }
}

/** The connection logs nothing: the bus already reports when Redis is unavailable. */
async function openLeases (
  { config: { redis: settings }, ports }: PresenceParts, leaseMs: number
): Promise<PresenceLeases> {
  if (settings === undefined) return createMemoryPresence()
  const connect = settings.address.kind === 'cluster' ? connectRedisCluster : connectRedis
  const redis = connect(settings.address, 'presence', { commandTimeout: TIMEOUT_MS })
  redis.on('error', () => undefined)
  // As a rule it is there at once; the start does not wait for it longer.
  await withDeadline(redis.connect(), CONNECT_MS, new Error('It does not answer.')).catch(() => undefined)
  const { epoch, origin } = ports
  return new RedisPresence({
    redis, prefix: settings.prefix, scope: () => epoch.scope, replica: replicaName(origin), leaseMs
  })
}
