/** The types of events that webhooks may ask for: those of the logs of chats, and those of the feeds of users. */
import type { ChatEvent } from '../events/event.ts'

/** An object, so that the compiler reports a missing one. */
const OF_CHATS: Readonly<Record<Exclude<ChatEvent['kind'], 'unknown'>, true>> = {
  'message.created': true,
  'message.edited': true,
  'message.deleted': true,
  'reaction.added': true,
  'reaction.removed': true,
  'message.pinned': true,
  'message.unpinned': true,
  'member.added': true,
  'member.joined': true,
  'member.left': true,
  'member.removed': true,
  'member.updated': true,
  'chat.created': true,
  'chat.updated': true,
  'chat.frozen': true,
  'chat.unfrozen': true
}

/** The types of the events of chats. */
export const CHAT_EVENT_TYPES: readonly string[] = Object.keys(OF_CHATS)

/** The types of the events of feeds. */
export const FEED_EVENT_TYPES: readonly string[] = [
  'chat.added', 'chat.removed', 'membership.updated', 'message.hidden', 'mention.received', 'block.added',
  'block.removed', 'session.started', 'session.ended'
]

/** All types that a webhook may ask for. */
export const WEBHOOK_EVENT_TYPES: readonly string[] = [...CHAT_EVENT_TYPES, ...FEED_EVENT_TYPES]
