/**
 * How ChatCLI shows events. Clients of the seed know `new_message` and nothing else; those that have sent `join_idle`
 * also know that messages change.
 */
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import type { ChatEvent, MessageCreated } from '../../../domain/events/event.ts'
import { type Message, plainTextOf } from '../../../domain/events/message.ts'
import { isoTime, quote } from '../../../lib/json-text.ts'
import { encodeTextFrame, textOfFrame } from '../../../lib/websocket/frame.ts'
import type { Codec } from '../../../realtime/codec.ts'
import type { Notice } from '../../../realtime/notice.ts'
import type { AddedToChatFrame, OnlineUsersFrame, UserStatusFrame, UserTypingFrame } from './server-frames.ts'

/** See {@link Codec}. */
export const CHATCLI_CODEC: Codec = { name: 'chatcli', eventFrameType: 'new_message', encodeEvent, decodeMessage }

/** For clients that know that messages change. */
export const CHATCLI_CURRENT_CODEC: Codec = {
  name: 'chatcli-current',
  eventFrameType: 'new_message',
  encodeEvent: encodeCurrentEvent,
  showNotice
}

type NoticeFrame =
  | Static<typeof AddedToChatFrame>
  | Static<typeof UserTypingFrame>
  | Static<typeof OnlineUsersFrame>
  | Static<typeof UserStatusFrame>

function showNotice (notice: Notice): NoticeFrame | undefined {
  switch (notice.kind) {
    case 'typing':
      return { type: 'user_typing', chatID: notice.chatId, username: notice.username }
    case 'chat.added':
      return { type: 'chat_created', chatID: notice.chatId, creator: notice.username }
    case 'contacts.online':
      return { type: 'online_users', users: [...notice.usernames] }
    case 'contact.changed':
      return { type: 'user_status', username: notice.username, online: notice.isOnline }
    case 'read':
    case 'presence':
      return undefined
  }
}

function encodeEvent (event: ChatEvent): Buffer | undefined {
  return event.kind === 'message.created' ? encodeNewMessage(event) : undefined
}

/** A message as its subscribers get it. Written by hand: this is the one object that is encoded for every message. */
export function encodeNewMessage (message: Message): Buffer {
  return encodeTextFrame(`{"type":"new_message",${fieldsOf(message)}}`)
}

function fieldsOf (message: Message): string {
  const { id, chatId, authorId, username, at, seq, clientMessageId } = message
  const tail = clientMessageId === undefined ? '' : `,"clientMessageID":${quote(clientMessageId)}`
  return (
    `"messageID":${String(id)},"chatID":${String(chatId)},"userID":${String(authorId)}` +
    `,"username":${quote(username)},"message":${quote(plainTextOf(message))}` +
    `,"timestamp":"${isoTime(at)}","seq":${String(seq)}${tail}`
  )
}

/** A change has the seq of the message, by which clients find its place; its own is skipped for them. */
function encodeCurrentEvent (event: ChatEvent): Buffer | undefined {
  switch (event.kind) {
    case 'message.created':
      return encodeTextFrame(`{"type":"new_message",${changingFieldsOf(event)}}`)
    case 'message.edited':
      // It was deleted since, and the frame about that follows.
      return event.message.deletedAt === null
        ? encodeTextFrame(`{"type":"edited_message",${changingFieldsOf(event.message)}}`)
        : undefined
    case 'message.deleted': {
      const { chatId, message: { id, deletedAt } } = event
      return encodeTextFrame(
        `{"type":"deleted_message","messageID":${String(id)},"chatID":${String(chatId)}` +
        `,"deleted_at":${timeOrNull(deletedAt)}}`
      )
    }
    default:
      return undefined
  }
}

function changingFieldsOf (message: Message): string {
  const { editedAt, deletedAt } = message
  return `${fieldsOf(message)},"edited_at":${timeOrNull(editedAt)},"deleted_at":${timeOrNull(deletedAt)}`
}

const timeOrNull = (time: Date | null) => (time === null ? 'null' : `"${time.toISOString()}"`)

const newMessage = Compile(Type.Object({
  type: Type.Literal('new_message'),
  messageID: Type.Integer(),
  chatID: Type.Integer(),
  userID: Type.Integer(),
  username: Type.String(),
  message: Type.String(),
  timestamp: Type.String(),
  seq: Type.Integer(),
  clientMessageID: Type.Optional(Type.String())
}))

/** The message in a frame on the bus: one that was just posted, and has not been changed. */
function decodeMessage (frame: Buffer): MessageCreated | undefined {
  let fields: unknown
  try {
    fields = JSON.parse(textOfFrame(frame))
  } catch {
    return undefined
  }
  if (!newMessage.Check(fields)) return undefined
  const at = new Date(fields.timestamp)
  return Number.isNaN(at.getTime())
    ? undefined
    : {
        kind: 'message.created',
        chatId: fields.chatID,
        seq: fields.seq,
        id: fields.messageID,
        authorId: fields.userID,
        username: fields.username,
        text: fields.message,
        at,
        editedAt: null,
        deletedAt: null,
        version: 1,
        clientMessageId: fields.clientMessageID
      }
}
