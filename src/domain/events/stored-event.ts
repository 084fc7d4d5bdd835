/** Events as rows of the store: `data` is what their kind needs beside the columns. */
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import type { EventRow } from '../../store/log.ts'
import type { MessageRow } from '../../store/messages.ts'
import type { ChatEvent, MessageCreated } from './event.ts'
import { marksOf } from './extras.ts'
import { changesOf, messageOf } from './message.ts'
import { clientMessageIdOf } from './post-key.ts'

const Data = Type.Record(Type.String(), Type.Unknown())
const TextOrNull = Type.Union([Type.String(), Type.Null()])

/** See `MemberDetails`. */
export const DETAILS = Type.Object({
  joinedAt: Type.String(),
  data: Data,
  memberCount: Type.Union([Type.Integer(), Type.Null()]),
  isCounted: Type.Optional(Type.Boolean())
})

/** See `ChatState`. */
export const CHAT_STATE = Type.Object({
  id: Type.String(),
  type: Type.String(),
  name: TextOrNull,
  description: TextOrNull,
  avatar: TextOrNull,
  data: Data,
  version: Type.Integer(),
  memberCount: Type.Integer(),
  createdAt: Type.String(),
  frozenAt: TextOrNull
})

const MEMBER = { userId: Type.Integer(), role: Type.String(), details: Type.Optional(DETAILS) }

const member = Compile(Type.Object(MEMBER))
const membership = Compile(Type.Object({ ...MEMBER, membersVersion: Type.Integer() }))
const chat = Compile(Type.Object({ name: Type.String(), chat: Type.Optional(CHAT_STATE) }))
const reaction = Compile(Type.Object({ emoji: Type.String() }))
const byKey = Compile(Type.Object({ key: Type.String() }))

/** Converts a row to its event: an unknown one when this build does not know its kind, or its data. */
export function eventOf (row: EventRow): ChatEvent {
  const { chatId, seq, kind, actorId, at, data, target, memberName } = row
  const actorName = row.actorName ?? undefined
  const entry = { chatId, seq, at, actorId, actorName, keyId: byKey.Check(data) ? data.key : undefined }
  switch (kind) {
    case 'message.edited':
    case 'message.deleted':
      if (target !== null) return { ...entry, kind, message: messageOf(target) }
      break
    case 'reaction.added':
    case 'reaction.removed':
      if (target !== null && actorId !== null && reaction.Check(data)) {
        const { reactions } = marksOf(target.marks)
        const { emoji } = data
        return { ...entry, kind, targetSeq: target.seq, userId: actorId, username: actorName ?? '', emoji, reactions }
      }
      break
    case 'message.pinned':
    case 'message.unpinned':
      if (target !== null) return { ...entry, kind, targetSeq: target.seq, pinnedAt: marksOf(target.marks).pinnedAt }
      break
    case 'member.added':
    case 'member.joined':
    case 'member.left':
    case 'member.removed':
      if (membership.Check(data)) return { ...entry, kind, ...data, username: memberName ?? '' }
      break
    case 'member.updated':
      if (member.Check(data)) return { ...entry, kind, ...data, username: memberName ?? '' }
      break
    case 'chat.created':
    case 'chat.updated':
    case 'chat.frozen':
    case 'chat.unfrozen':
      if (chat.Check(data)) return { ...entry, kind, ...data }
  }
  return { ...entry, kind: 'unknown' }
}

/** Converts the row of a message to its event: in one step, since there are more of these than of all others. */
export function messageCreatedOf (row: MessageRow): MessageCreated {
  const [version, editedAt, deletedAt, extras] = changesOf(row)
  return {
    kind: 'message.created',
    chatId: row.chatId,
    seq: row.seq,
    id: row.id,
    authorId: row.authorId,
    username: row.username,
    text: row.text,
    at: row.at,
    editedAt,
    deletedAt,
    version,
    clientMessageId: clientMessageIdOf(row.postKey),
    extras
  }
}
