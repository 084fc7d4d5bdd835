/** What the devices of a user are told of a message. */
import { createHash } from 'node:crypto'
import type { DueNotice, NoticeMessage } from '../../store/push-notices.ts'
import { userIdOf } from '../accounts/user-id.ts'
import { publicChatId } from '../chats/chat-id.ts'
import { plainTextOf } from '../events/message.ts'
import { NO_EXTRAS } from '../events/extras.ts'
import type { MessageContent } from './push.ts'

/** Longest beginning of a text in a notification, in characters as people see them, and in bytes of UTF-8. */
const [MAX_PREVIEW, MAX_PREVIEW_BYTES] = [180, 1_000]
const TOPIC_LENGTH = 32

const characters = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** The topic of the pushes about a chat: services see it, so it says nothing about the chat. */
export function topicOf (epoch: string, chatId: number): string {
  return createHash('sha256').update(`push topic ${epoch} ${String(chatId)}`).digest('base64url').slice(0, TOPIC_LENGTH)
}

/** What a device is told of a message. */
export function messageContent (
  { chatId, chat, previews, message, unread }:
  { chatId: number, chat: NonNullable<DueNotice['chat']>, previews: boolean, message: NoticeMessage, unread: number }
): MessageContent {
  const { authorId, username, displayName, parentSeq, seq, isMention, createdAt } = message
  return {
    type: 'message',
    chat: publicChatId(chatId, chat.publicId),
    chat_type: chat.type,
    chat_name: chat.name,
    seq,
    parent: parentSeq,
    author: { id: userIdOf(authorId, username) ?? null, name: displayName },
    text: previews ? previewOf(message) : null,
    mentioned: isMention,
    unread,
    at: createdAt.toISOString()
  }
}

/** The beginning of the text of a message, or the names of its files. */
export function previewOf ({ body, extra }: Pick<NoticeMessage, 'body' | 'extra'>): string {
  const extras = { ...NO_EXTRAS, attachments: extra?.attachments }
  const text = plainTextOf({ text: body, deletedAt: null, extras })
  let count = 0
  let bytes = 0
  let end = 0
  for (const { index, segment } of characters.segment(text)) {
    bytes += Buffer.byteLength(segment)
    if (++count > MAX_PREVIEW || bytes > MAX_PREVIEW_BYTES) return `${text.slice(0, end).trimEnd()}…`
    if (count < MAX_PREVIEW) end = index + segment.length
  }
  return text
}
