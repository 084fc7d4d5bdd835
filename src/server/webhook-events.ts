/** Reads logs and feeds in the form in which webhooks are sent: that of `/v1`. */
import { encodeEvent } from '../api/v1/event.ts'
import { encodeFeedEvent } from '../api/v1/feed-event.ts'
import { userIdOf } from '../domain/accounts/user-id.ts'
import { publicChatId } from '../domain/chats/chat-id.ts'
import type { DeliverableEvent, EventSource } from '../jobs/webhook-deliveries.ts'
import { findChosenId } from '../store/chats.ts'
import type { Orm } from '../store/database.ts'
import { findUserById } from '../store/users.ts'
import type { Services } from './services.ts'

/** Creates the reader. It returns undefined for a chat or a user that is gone. */
export function createWebhookReader (orm: Orm, { log, feeds, epoch }: Services) {
  const readChat = async (chatId: number, after: number, limit: number): Promise<DeliverableEvent[] | undefined> => {
    const chosen = await findChosenId(orm, chatId)
    if (chosen === undefined) return undefined
    const place = { chat: publicChatId(chatId, chosen), epoch: epoch.current }
    const events = await log.read(chatId, after, limit)
    return events.map((event) =>
      ({ position: event.seq, type: event.kind, at: event.at, json: encodeEvent(event, place) }))
  }
  const readFeed = async (userId: number, after: number, limit: number): Promise<DeliverableEvent[] | undefined> => {
    const user = await findUserById(orm, userId)
    const name = user === undefined ? undefined : userIdOf(userId, user.username)
    if (name === undefined) return undefined
    const events = await feeds.read(userId, after, limit)
    return events.map((event) => ({
      position: event.pos,
      type: event.kind,
      at: event.at,
      json: { user: name, ...encodeFeedEvent(event, epoch.current) }
    }))
  }
  return async ({ chatId, userId }: EventSource, after: number, limit: number) => {
    if (chatId !== null) return readChat(chatId, after, limit)
    return userId === null ? undefined : readFeed(userId, after, limit)
  }
}
