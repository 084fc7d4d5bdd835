/** Records of a log as rows. */
import { publicChatId } from '../chats/chat-id.ts'
import { clientKey } from '../events/post-key.ts'
import type { LogRows, ReferenceTo } from '../../store/transfer/messages.ts'
import { isMembershipChange } from './chat-log.ts'
import type { NumberedMessage } from './numbering.ts'
import type { EventRecord } from './records.ts'

/** Begins the keys of imported messages without a `client_id`; the generated ones of posts have no dot. */
const IMPORTED_KEY = 's.'
/** Reactions keep the order of their kinds below all that come later. */
const BEFORE_ALL = -1_000
/** The version of a message that was edited or deleted, where the file does not say it. */
const CHANGED_VERSION = 2

/** The number of a user by its id in the file. */
export type NumberOf = (id: string) => number

/** The chat of a log. */
export type LogPlace = { chatId: number, chosenId: string | null }

/** Where rows go. */
export type LogSink = {
  rows: LogRows
  references: ReferenceTo[]
  numberOf: NumberOf
  /** The number of a mentioned user, who may be unknown. */
  mentionedOf: (id: string) => number | undefined
}

/** Adds the rows of a message: as a rule one, so that nothing else is made for it. */
export function addMessage (sink: LogSink, { chatId }: LogPlace, message: NumberedMessage): void {
  const { seq, parent, reply_to: quoted } = message
  sink.rows.messages.push({
    chat_id: chatId,
    seq,
    author_id: sink.numberOf(message.user),
    body: message.text ?? '',
    post_key: message.client_id === undefined ? `${IMPORTED_KEY}${String(seq)}` : clientKey(message.client_id),
    created_at: message.created_at,
    edited_at: message.edited_at,
    deleted_at: message.deleted_at,
    version: versionOf(message),
    parent_seq: parent,
    reply_to_seq: quoted,
    extra: extraOf(message)
  })
  if (parent !== undefined) {
    sink.references.push({ chat_id: chatId, seq, target: parent, is_parent: true })
    if (message.deleted_at === undefined) sink.rows.replies.push({ chat_id: chatId, seq, parent_seq: parent })
  }
  if (quoted !== undefined) sink.references.push({ chat_id: chatId, seq, target: quoted, is_parent: false })
  if (message.mentions !== undefined) addMentions(sink, chatId, seq, message.mentions)
  if (message.reactions !== undefined) addReactions(sink, chatId, message, message.reactions)
  if (message.thread !== undefined) addThread(sink, chatId, seq, message.thread)
  if (message.versions !== undefined || message.pinned !== undefined || message.hidden_for !== undefined)
    addRest(sink, chatId, message)
}

function addRest (sink: LogSink, chatId: number, message: NumberedMessage): void {
  const { seq, versions = [], pinned, hidden_for: hiders } = message
  for (const { version, text, data, created_at: at } of versions)
    sink.rows.versions.push({ chat_id: chatId, seq, version, body: text, data, created_at: at })
  if (pinned !== undefined) {
    const by = pinned.by === undefined ? null : sink.numberOf(pinned.by)
    sink.rows.pins.push({ chat_id: chatId, seq, pinned_by: by, pinned_at: pinned.at })
  }
  for (const user of new Set(hiders)) sink.rows.hidden.push({ chat_id: chatId, seq, user_id: sink.numberOf(user) })
}

function versionOf ({ version, edited_at: editedAt, deleted_at: deletedAt }: NumberedMessage): number | null {
  if (version !== undefined && version > 1) return version
  return editedAt === undefined && deletedAt === undefined ? null : CHANGED_VERSION
}

function extraOf (message: NumberedMessage): object | null {
  const { mentions, data, key, attachments, parent, reply_to: quoted } = message
  if (message.deleted_at !== undefined) return null
  const hasMarks = message.reactions !== undefined || message.pinned !== undefined || message.thread !== undefined
  const isPlain = !hasMarks && mentions === undefined && data === undefined && key === undefined &&
    attachments === undefined
  // Whatever belongs to another message has an object here.
  if (isPlain) return parent === undefined && quoted === undefined ? null : {}
  return {
    ...(mentions !== undefined && mentions.length > 0 && { mentions }),
    ...(data !== undefined && { data }),
    ...(key !== undefined && { key }),
    ...(attachments !== undefined && attachments.length > 0 && { attachments }),
    ...(hasMarks && { marks: true })
  }
}

function addMentions (sink: LogSink, chatId: number, seq: number, mentions: readonly string[]): void {
  const targets = mentions.map((mention) => mention.startsWith('@') ? mention : sink.mentionedOf(mention)?.toString())
  for (const target of new Set(targets)) {
    if (target !== undefined) sink.rows.mentions.push({ chat_id: chatId, seq, target })
  }
}

function addReactions (
  sink: LogSink, chatId: number, { seq, created_at: createdAt }: NumberedMessage,
  reactions: NonNullable<NumberedMessage['reactions']>
): void {
  const counts = new Map<string, number>()
  for (const { emoji, user, created_at: at = createdAt } of reactions) {
    counts.set(emoji, (counts.get(emoji) ?? 0) + 1)
    sink.rows.reactions.push({ chat_id: chatId, seq, user_id: sink.numberOf(user), emoji, created_at: at })
  }
  for (const [index, [emoji, count]] of [...counts].entries())
    sink.rows.reactionCounts.push({ chat_id: chatId, seq, emoji, count, first_seq: BEFORE_ALL + index })
}

function addThread (
  sink: LogSink, chatId: number, seq: number, thread: NonNullable<NumberedMessage['thread']>
): void {
  const { replies, last_reply_at: lastReplyAt, participants, followers } = thread
  sink.rows.threads.push({
    chat_id: chatId,
    seq,
    replies,
    last_reply_at: lastReplyAt,
    participants: participants.map(sink.numberOf)
  })
  for (const { user, replies: own, read_seq: readSeq } of followers) {
    sink.rows.followers.push({
      chat_id: chatId, parent_seq: seq, user_id: sink.numberOf(user), replies: own, read_seq: readSeq
    })
  }
}

/** Adds the row of an event. @param membersVersion the version of the membership from it on */
export function addEvent (sink: LogSink, place: LogPlace, event: EventRecord, membersVersion: number): void {
  const { seq, kind, at, by, key, message, user, data } = event
  const stored = {
    ...withChatId(data, place),
    ...(user !== undefined && { userId: sink.numberOf(user) }),
    ...(key !== undefined && { key }),
    ...(isMembershipChange(kind) && { membersVersion })
  }
  sink.rows.events.push({
    chat_id: place.chatId,
    seq,
    kind,
    actor_id: by === undefined ? null : sink.numberOf(by),
    target_seq: message,
    data: Object.keys(stored).length === 0 ? null : stored,
    created_at: at
  })
  if (message !== undefined)
    sink.references.push({ chat_id: place.chatId, seq, target: message, is_parent: false })
}

/** What an event says of its chat, with the id that the chat has here. */
function withChatId (data: Record<string, unknown> = {}, { chatId, chosenId }: LogPlace): Record<string, unknown> {
  const { chat } = data
  return typeof chat === 'object' && chat !== null
    ? { ...data, chat: { ...chat, id: publicChatId(chatId, chosenId) } }
    : data
}
