/**
 * Opens what serves the sockets of a replica, and wires it: who posts, who listens to commits, which codecs there are.
 */
import type { FastifyInstance } from 'fastify'
import { CHATCLI_CODEC, CHATCLI_CURRENT_CODEC } from '../api/chatcli/ws/codec.ts'
import { EMOTECHAT_CODEC } from '../api/emotechat/ws/codec.ts'
import { V1_CODEC } from '../api/v1/realtime/codec.ts'
import type { Config } from '../config/config.ts'
import type { CommittedEvents } from '../domain/events/event-writer.ts'
import type { Metrics } from '../observability/metrics/metrics.ts'
import { Connections } from '../realtime/connections.ts'
import type { Contacts } from '../realtime/contacts.ts'
import { Following } from '../realtime/following.ts'
import { Hub } from '../realtime/hub.ts'
import { PayloadSeal } from '../realtime/payload-seal.ts'
import type { Presence } from '../realtime/presence.ts'
import { UserFeeds } from '../realtime/user-feeds.ts'
import type { WatchedUsers } from '../realtime/watched-users.ts'
import type { BackgroundJobs } from './background-jobs.ts'
import type { Lifecycle } from './lifecycle.ts'
import { followOtherReplicas } from './other-replicas.ts'
import type { Ports } from './ports.ts'
import { openPresence } from './presence.ts'
import type { Services } from './services.ts'
import type { UserShares } from './user-shares.ts'

/** The parts of a replica that sockets need. */
export type RealtimeParts = BackgroundJobs & {
  config: Config
  app: FastifyInstance
  ports: Ports
  services: Services
  shares: UserShares
  metrics: Metrics
  lifecycle: Lifecycle
}

/** What serves sockets. */
export type Realtime = {
  hub: Hub
  presence: Presence
  contacts: Contacts
  watchedUsers: WatchedUsers
  following: Following
  userFeeds: UserFeeds
  connections: Connections
}

/** Opens it. What the last opened part needs of the others is closed after it. */
export async function openRealtime (parts: RealtimeParts): Promise<Realtime> {
  const hub = createHub(parts)
  const { presence, contacts, watchedUsers } = await openPresence({ ...parts, log: parts.app.log })
  const following = createFollowing(parts, hub, contacts)
  const userFeeds = createUserFeeds(parts, hub)
  const connections = createConnections(parts, presence)
  followOtherReplicas(parts, hub, connections)
  parts.services.epoch.onChange(() => userFeeds.reset())
  return { hub, presence, contacts, watchedUsers, following, userFeeds, connections }
}

function createHub (parts: RealtimeParts): Hub {
  const { config, app, ports, services, shares, metrics, lifecycle, follower, pushReads } = parts
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
  }
  messages.onCommitted(publish)
  chats.onCommitted(publish)
  readMarks.onMoved((mark) => {
    hub.reads.announce(mark)
    pushReads.note(mark)
  })
  lifecycle.onStop('flushing', () => hub.close())
  // Registered last, so it runs before the hub is closed, which publishes the stored messages.
  lifecycle.onStop('flushing', () => messages.flush())
  return hub
}

function createFollowing (
  { app, ports: { bus }, services: { chats }, metrics, lifecycle, follower }: RealtimeParts,
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
  { app, ports: { bus }, services: { feeds }, lifecycle, follower }: RealtimeParts,
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

function createConnections (
  { config: { sockets }, services, lifecycle }: RealtimeParts,
  presence: Presence
): Connections {
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
