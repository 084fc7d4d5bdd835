/** The message. */
import type { MessageState } from '../../store/changes.ts'
import type { MessageRow } from '../../store/messages.ts'
import { extrasOf, type MessageExtras } from './extras.ts'
import { clientMessageIdOf } from './post-key.ts'

/**
 * A stored message. `seq` is its number in its chat, `clientMessageId` the id that its author assigned. A deleted one
 * keeps its place and has an empty text.
 */
export type Message = Omit<MessageRow, 'postKey' | 'changes' | 'marks'> & {
  clientMessageId?: string | undefined
  editedAt: Date | null
  deletedAt: Date | null
  /** Counts its texts, from 1. */
  version: number
  /** What it has beside its text; undefined for a plain message, see `NO_EXTRAS`. */
  extras?: MessageExtras | undefined
}

/** What is shown in place of the text of a deleted message. */
export const DELETED_TEXT = '--deleted--'

/**
 * The text of a message for clients that know nothing of deletions and files: of a message with files alone their
 * names.
 */
export function plainTextOf ({ text, deletedAt, extras }: Pick<Message, 'text' | 'deletedAt' | 'extras'>): string {
  if (deletedAt !== null) return DELETED_TEXT
  if (text !== '' || extras?.attachments === undefined) return text
  return extras.attachments.map(({ name }) => name).join(', ')
}

type Changes = readonly [
  version: number, editedAt: Date | null, deletedAt: Date | null, extras: MessageExtras | undefined
]

const UNCHANGED: Changes = [1, null, null, undefined]

/**
 * The changes of a message: the number of its texts, when it was last edited and deleted, and what it has beside its
 * text.
 */
export function changesOf ({ changes, marks }: Pick<MessageRow, 'changes' | 'marks'>): Changes {
  if (changes === null) return UNCHANGED
  const [version, editedAt, deletedAt, parentSeq, replyToSeq, extra] = changes
  return [version, dateOf(editedAt), dateOf(deletedAt), extrasOf({ parentSeq, replyToSeq, extra, marks })]
}

/** A time of a change. @param ms in milliseconds since 1970 */
export function dateOf (ms: number | null): Date | null {
  return ms === null ? null : new Date(ms)
}

/** Converts a row to its message. */
export function messageOf (row: MessageRow): Message {
  const [version, editedAt, deletedAt, extras] = changesOf(row)
  return {
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

/** The message after a change. */
export function messageAfter (chatId: number, state: MessageState): Message {
  return {
    chatId,
    seq: state.targetSeq,
    id: state.id,
    authorId: state.authorId,
    username: state.username ?? '',
    text: state.text,
    at: new Date(state.postedAt),
    editedAt: dateOf(state.editedAt),
    deletedAt: dateOf(state.deletedAt),
    version: state.version,
    clientMessageId: clientMessageIdOf(state.postKey),
    extras: extrasOf(state)
  }
}
