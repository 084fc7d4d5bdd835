/** `/v1/sync`: brings a client up to date that was away. */
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { CHAT_ID_PATTERN } from '../../domain/chats/chat-id.ts'
import { ChatError } from '../../domain/errors.ts'
import type { SyncedChat, SyncProgress } from '../../domain/feeds/sync.ts'
import { json } from '../http/answers.ts'
import { principalOf, requireCaller } from '../http/principals.ts'
import type { Scope } from '../http/scope.ts'
import { encodeFeedEvent, EXAMPLE_FEED_EVENT, FeedEventSchema } from './feed-event.ts'
import { encodeMessage, EXAMPLE_MESSAGE, MessageSchema } from './message.ts'
import { REALTIME } from './tags.ts'

const BODY_LIMIT_BYTES = 1_048_576
const MAX_EPOCH_LENGTH = 64
const MAX_CURSOR_LENGTH = 256

const Position = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const PositionOrNull = Type.Union([Position, Type.Null()], {
  description: 'The last `pos` that the client has; null at the first time, which brings nothing of the feed.'
})

const Body = Type.Object(
  {
    pos: PositionOrNull,
    epoch: Type.Union([Type.String({ maxLength: MAX_EPOCH_LENGTH }), Type.Null()], {
      description: 'The epoch of what the client has; null at the first time.'
    }),
    chats: Type.Optional(Type.Record(Type.String({ pattern: CHAT_ID_PATTERN }), Position, {
      additionalProperties: false,
      description: 'The seqs up to which the client has chats, by their ids.'
    })),
    cursor: Type.Optional(Type.String({
      maxLength: MAX_CURSOR_LENGTH, description: 'The `next` of the page before, with the same body otherwise.'
    }))
  },
  { additionalProperties: false, examples: [{ pos: 7, epoch: EXAMPLE_FEED_EVENT.epoch, chats: { 'order-4711': 117 } }] }
)

const ChatSchema = Type.Object({
  chat: Type.String({ description: 'The id of the chat.' }),
  head: Type.Integer({ minimum: 0, description: 'Its last seq.' }),
  read_seq: Type.Integer({ minimum: 0, description: 'You have read it up to this seq.' }),
  unread: Type.Integer({ minimum: 0 }),
  unread_more: Type.Optional(Type.Literal(true, { description: 'There are more than 999.' })),
  mentions: Type.Integer({ minimum: 0, description: 'Unread messages that mention you.' }),
  last_message: Type.Union([MessageSchema, Type.Null()])
})

const Answer = Type.Object({
  pos: Type.Integer({ minimum: 0, description: 'Your position when you have all pages.' }),
  epoch: Type.String({ description: 'The epoch of the answer.' }),
  feed: Type.Array(FeedEventSchema, { description: 'The events of your feed behind your position.' }),
  chats: Type.Array(ChatSchema, { description: 'Your chats that are ahead of what you named, or not named.' }),
  gone: Type.Array(Type.String(), { description: 'Chats that you named and are not in; on the first page.' }),
  next: Type.Union([Type.String(), Type.Null()], { description: 'The `cursor` of the next page; null at the end.' })
})

const Cursor = Compile(Type.Tuple([Position, Position, Position]))

/** Adds the route. */
export default async function syncRoute (app: Scope): Promise<void> {
  requireCaller(app, { user: true, isNarrowed: true })
  app.post(
    '/',
    {
      bodyLimit: BODY_LIMIT_BYTES,
      config: { idempotency: 'none', errors: ['epoch_changed', 'position_unknown'] },
      schema: {
        operationId: 'sync',
        tags: [REALTIME],
        summary: 'Get what has happened since the client was here',
        description:
          'However long that is. The feed behind your position, all of your chats that are ahead of what you have, ' +
          'with the numbers of unread messages, and which of them are gone. Then follow them on a socket with `after`.',
        body: Body,
        response: {
          200: json('What has happened.', Answer, {
            pos: 8,
            epoch: EXAMPLE_FEED_EVENT.epoch,
            feed: [EXAMPLE_FEED_EVENT],
            chats: [{
              chat: 'order-4711', head: 118, read_seq: 117, unread: 1, mentions: 0, last_message: EXAMPLE_MESSAGE
            }],
            gone: [],
            next: null
          })
        }
      }
    },
    async (request) => {
      const { services } = app
      const { userId, chats: claim } = principalOf(request)
      const { pos, epoch: known, chats = {}, cursor } = request.body
      if (known !== null) await services.epoch.confirm(known)
      const progress = cursor === undefined ? undefined : decodeCursor(cursor)
      const page = await services.sync({ userId, claim }, { pos, known: chats, progress })
      const { current: epoch } = services.epoch
      return {
        pos: page.pos,
        epoch,
        feed: page.feed.map((event) => encodeFeedEvent(event, epoch, claim)),
        chats: page.chats.map(encodeChat),
        gone: page.gone,
        next: page.next === undefined ? null : encodeCursor(page.next)
      }
    }
  )
}

function encodeChat ({ id, head, unread, lastMessage }: SyncedChat): Static<typeof ChatSchema> {
  return {
    chat: id,
    head,
    read_seq: unread.readSeq,
    unread: unread.unread,
    ...(unread.hasMore && { unread_more: true as const }),
    mentions: unread.mentions,
    last_message: lastMessage === undefined ? null : encodeMessage(lastMessage, id)
  }
}

function encodeCursor ({ pos, feedAfter, chatAfter }: SyncProgress): string {
  return Buffer.from(JSON.stringify([pos, feedAfter, chatAfter])).toString('base64url')
}

function decodeCursor (text: string): SyncProgress {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    if (Cursor.Check(value)) {
      const [pos, feedAfter, chatAfter] = value
      return { pos, feedAfter, chatAfter }
    }
  } catch {
    // Not one of ours.
  }
  throw new ChatError('invalid_input', 'The field "cursor" must be the "next" of the page before.')
}
