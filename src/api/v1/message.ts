/** A message in answers, in events and in frames. */
import Type, { type Static } from 'typebox'
import { userIdOf } from '../../domain/accounts/user-id.ts'
import { NO_EXTRAS, type Reactions, type Thread } from '../../domain/events/extras.ts'
import type { Message } from '../../domain/events/message.ts'
import { MAX_ATTACHMENTS } from '../../domain/events/message-input.ts'
import { DataSchema } from './user.ts'

const MAX_FILE_ID_LENGTH = 64
/** The most users that a message names as participants of its thread. */
export const MAX_THREAD_PARTICIPANTS = 5

const Time = (description: string) => Type.String({ format: 'date-time', description })
const TimeOrNull = (description: string) =>
  Type.Union([Type.String({ format: 'date-time' }), Type.Null()], { description })
const SeqOrNull = (description: string) => Type.Union([Type.Integer(), Type.Null()], { description })

const SEQ = { minimum: 1, maximum: Number.MAX_SAFE_INTEGER }

/** The number of a message in its chat. */
export const Seq = Type.Integer({ ...SEQ, description: 'The number of the message in its chat.' })

const PLACE = {
  chat: Type.String({ description: 'The id of the chat.' }),
  seq: Seq,
  author: Type.Union([Type.String(), Type.Null()], { description: 'The id of a user; null when it is erased.' }),
  version: Type.Integer({ minimum: 1, description: 'Counts the states of the message, from 1.' }),
  created_at: Time('When it was posted.'),
  parent: SeqOrNull('The message whose thread it is in.')
}

const ReactionSchema = Type.Object({
  count: Type.Integer({ minimum: 1 }),
  me: Type.Optional(Type.Boolean({ description: 'Whether you are among them; not in events.' }))
})

/** The reactions to a message, by emoji. */
export const ReactionsSchema = Type.Record(Type.String(), ReactionSchema, {
  description: 'The number of users by emoji.', examples: [{ '👍': { count: 2 } }]
})

const ThreadSchema = Type.Object({
  replies: Type.Integer({ minimum: 1 }),
  last_reply_at: Time('When the last one was posted.'),
  participants: Type.Array(Type.String(), {
    maxItems: MAX_THREAD_PARTICIPANTS, description: 'Users who replied.'
  })
})

const AttachmentSchema = Type.Object({
  file: Type.String({ description: 'The id of the file.' }),
  name: Type.String(),
  content_type: Type.String({ description: 'What the content was found to be.' }),
  size: Type.Integer({ minimum: 0, description: 'In bytes.' }),
  width: Type.Optional(Type.Integer({ description: 'Of an image, in pixels.' })),
  height: Type.Optional(Type.Integer())
})

/** The files of a message to post. */
export const AttachmentsInput = Type.Array(
  Type.Object(
    {
      file: Type.String({ maxLength: MAX_FILE_ID_LENGTH, description: 'The id of the file.' }),
      ...Type.Partial(Type.Omit(AttachmentSchema, ['file'])).properties
    },
    { additionalProperties: false }
  ),
  {
    maxItems: MAX_ATTACHMENTS,
    description:
      'Files of yours whose content is there, for this chat and in no other message. With one the text may be empty. ' +
      'Only `file` counts: the rest may be sent as it was received.'
  }
)

const PresentMessage = Type.Object(
  {
    ...PLACE,
    text: Type.String(),
    client_id: Type.Union([Type.String(), Type.Null()], { description: 'The id that its author gave to it.' }),
    edited_at: TimeOrNull('When its text was last replaced.'),
    deleted_at: Type.Null(),
    reply_to: SeqOrNull('The message that it answers.'),
    thread: Type.Union([ThreadSchema, Type.Null()], { description: 'The replies in its thread, if there are any.' }),
    mentions: Type.Array(Type.String(), {
      description: 'Ids of users, `@all`, and `@role:<role>`.', examples: [['user-17', '@all']]
    }),
    attachments: Type.Array(AttachmentSchema),
    reactions: ReactionsSchema,
    pinned_at: TimeOrNull('When it was pinned.'),
    data: DataSchema
  },
  { title: 'ChatMessage' }
)

const DeletedMessage = Type.Object(
  { ...PLACE, deleted_at: Time('When it was deleted.') },
  { title: 'DeletedChatMessage', description: 'The place of a message that is deleted: nothing else is left of it.' }
)

/** A message as it is now. */
export const MessageSchema = Type.Union([PresentMessage, DeletedMessage])

/** A message in JSON. */
export type MessageJson = Static<typeof MessageSchema>

export const EXAMPLE_MESSAGE: MessageJson = {
  chat: 'order-4711',
  seq: 118,
  author: 'user-17',
  version: 1,
  created_at: '2026-11-28T10:15:04.512Z',
  parent: null,
  text: 'Where is my parcel?',
  client_id: '7b6f3f0e-4c1c-4a3f-8f6e-0f7c6f1b2a3d',
  edited_at: null,
  deleted_at: null,
  reply_to: null,
  thread: null,
  mentions: [],
  attachments: [],
  reactions: { '👍': { count: 2, me: true } },
  pinned_at: null,
  data: {}
}

/**
 * Encodes a message of a chat.
 * @param chat the id of the chat in `/v1`
 * @param own the emoji with which the reader has reacted; undefined where many get the same
 */
export function encodeMessage (message: Message, chat: string, own?: readonly string[]): MessageJson {
  const { seq, authorId, username, version, at, text, clientMessageId, editedAt, deletedAt } = message
  const extras = message.extras ?? NO_EXTRAS
  const place = {
    chat,
    seq,
    author: userIdOf(authorId, username) ?? null,
    version,
    created_at: at.toISOString(),
    parent: extras.parentSeq
  }
  if (deletedAt !== null) return { ...place, deleted_at: deletedAt.toISOString() }
  return {
    ...place,
    text,
    client_id: clientMessageId ?? null,
    edited_at: editedAt?.toISOString() ?? null,
    deleted_at: null,
    reply_to: extras.replyToSeq,
    thread: encodeThread(extras.thread),
    mentions: [...extras.mentions],
    attachments: [...extras.attachments ?? []],
    reactions: encodeReactions(extras.reactions, own),
    pinned_at: extras.pinnedAt?.toISOString() ?? null,
    data: { ...extras.data }
  }
}

/** Encodes the reactions to a message. @param own as for {@link encodeMessage} */
export function encodeReactions (reactions: Reactions, own?: readonly string[]): Static<typeof ReactionsSchema> {
  return Object.fromEntries(
    Object.entries(reactions).map(([emoji, count]) => [
      emoji, { count, ...(own !== undefined && { me: own.includes(emoji) }) }
    ])
  )
}

function encodeThread (thread: Thread | null): Static<typeof ThreadSchema> | null {
  if (thread?.lastReplyAt == null) return null
  return {
    replies: thread.replies,
    last_reply_at: thread.lastReplyAt.toISOString(),
    participants: thread.participants
      .flatMap(({ userId, username }) => userIdOf(userId, username) ?? [])
      .slice(0, MAX_THREAD_PARTICIPANTS)
  }
}
