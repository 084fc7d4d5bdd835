/** What other replicas have changed, applied to the caches and sockets of this one. */
import { decodeInvalidation, INVALIDATIONS_CHANNEL } from '../domain/invalidations.ts'
import type { Connections } from '../realtime/connections.ts'
import type { Hub } from '../realtime/hub.ts'
import type { RealtimeParts } from './realtime.ts'

/**
 * Applies changes of sessions, memberships and the epoch, made here or on other replicas, to the caches and sockets of
 * this replica.
 */
export function followOtherReplicas (
  { app, ports: { bus }, services, metrics, follower }: RealtimeParts,
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
    else if (event?.type === 'webhooks_changed' || event?.type === 'followers_changed') follower.refresh()
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
