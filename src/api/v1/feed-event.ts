/** An event of a user's feed, in answers and in frames. */
import Type, { type Static } from 'typebox'
import type { ChatClaim } from '../../domain/accounts/chat-claim.ts'
import type { FeedEvent } from '../../domain/feeds/feeds.ts'
import { EXAMPLE_EVENT } from './event.ts'

const KINDS = {
  'chat.added': 'You are in a chat, with this `role`: by yourself, on any device, or by another.',
  'chat.removed': 'You are in it no longer; `reason`: `left`, `removed`, `banned` or `deleted`.',
  'membership.updated': 'Your `role` has changed, or your settings: `muted`, `pinned`, `archived`, `notifications`.',
  'message.hidden': 'You have deleted the message `seq` for yourself.',
  'mention.received': 'The message `seq` mentions you.',
  'block.added': 'You have blocked the `user`.',
  'block.removed': 'You have unblocked the `user`.',
  'user.updated':
    'The name or the picture of the `user` has changed: yours, or that of one with whom you share a chat of at most ' +
    '100 members. Get the profile again.',
  'session.started': 'The `session` of your account has begun.',
  'session.ended': 'The `session` of your account has ended.'
}

export const FeedEventSchema = Type.Object(
  {
    type: Type.String({
      description: `Ignore those that you do not know.${Object.entries(KINDS).map(([kind, text]) =>
        `\n- \`${kind}\`: ${text}`).join('')}`,
      examples: ['chat.added']
    }),
    pos: Type.Integer({ minimum: 1, description: 'The number of the event in your feed: 1, 2, 3 … without a gap.' }),
    epoch: Type.String({ description: 'Another one means that the server went back to an earlier state.' }),
    at: Type.String({ format: 'date-time' }),
    chat: Type.Optional(Type.String({ description: 'The id of the chat that it is about.' })),
    data: Type.Record(Type.String(), Type.Unknown(), { description: 'What the type says.' })
  },
  { title: 'FeedEvent' }
)

/** An event of a feed in JSON. */
export type FeedEventJson = Static<typeof FeedEventSchema>

export const EXAMPLE_FEED_EVENT: FeedEventJson = {
  type: 'chat.added',
  pos: 8,
  epoch: EXAMPLE_EVENT.epoch,
  at: EXAMPLE_EVENT.at,
  chat: EXAMPLE_EVENT.chat,
  data: { role: 'member' }
}

/** Encodes an event of a feed. @param claim that of a narrowed token: of other chats it gets the place alone */
export function encodeFeedEvent (
  { pos, kind, at, chat, data }: FeedEvent, epoch: string, claim?: ChatClaim
): FeedEventJson {
  const place = { type: kind, pos, epoch, at: at.toISOString() }
  if (chat === undefined) return { ...place, data: claim === undefined ? data : {} }
  return claim === undefined || claim.may(chat, 'read') ? { ...place, chat, data } : { ...place, data: {} }
}
