/** What a message may have beside its text: as a rule nothing. */
import type { StoredMarks } from '../../store/marks.ts'
import type { MessageExtra, StoredAttachment } from '../../store/schema.ts'

/** A user by both names. */
export type UserName = { readonly userId: number, readonly username: string }

/** The number of reactions of each kind. */
export type Reactions = Readonly<Record<string, number>>

/** The thread of a message: its replies that are not deleted, and up to five of their authors. */
export type Thread = {
  readonly replies: number
  readonly lastReplyAt: Date | null
  readonly participants: readonly UserName[]
}

/** A file of a message, with the names of its fields in JSON. */
export type Attachment = Readonly<StoredAttachment>

/** What others have added to a message. */
export type Marks = {
  readonly reactions: Reactions
  readonly pinnedAt: Date | null
  readonly thread: Thread | null
}

/** What a message has beside its text, or had: see `messageExtras`. */
export type MessageExtras = Marks & {
  /** The message whose thread it belongs to. */
  readonly parentSeq: number | null
  /** The message that it quotes. */
  readonly replyToSeq: number | null
  /** `ann`, `@all`, `@role:admin`. */
  readonly mentions: readonly string[]
  /** JSON of the application. */
  readonly data: Readonly<Record<string, unknown>> | null
  /** The API key that posted it on behalf of its author. */
  readonly keyId: string | null
  /** Its files; undefined for none. */
  readonly attachments?: readonly Attachment[] | undefined
}

/** A message without marks. */
export const NO_MARKS: Marks = { reactions: {}, pinnedAt: null, thread: null }

/** The extras of a plain message. */
export const NO_EXTRAS: MessageExtras = {
  ...NO_MARKS, parentSeq: null, replyToSeq: null, mentions: [], data: null, keyId: null
}

/** The parts of a stored message from which its extras follow. */
export type StoredExtras = {
  parentSeq: number | null
  replyToSeq: number | null
  extra: MessageExtra | null
  marks: StoredMarks | null | undefined
}

/** The extras of a stored message; undefined for a plain one. */
export function extrasOf ({ parentSeq, replyToSeq, extra, marks }: StoredExtras): MessageExtras | undefined {
  if (extra === null && parentSeq === null) return undefined
  return {
    parentSeq,
    replyToSeq,
    mentions: extra?.mentions ?? [],
    data: extra?.data ?? null,
    keyId: extra?.key ?? null,
    attachments: extra?.attachments,
    ...marksOf(marks)
  }
}

/** The marks of a stored message. */
export function marksOf (marks: StoredMarks | null | undefined): Marks {
  if (marks == null) return NO_MARKS
  const { reactions, pinnedAt, thread } = marks
  return {
    reactions,
    pinnedAt: pinnedAt === null ? null : new Date(pinnedAt),
    thread: thread && {
      replies: thread.replies,
      lastReplyAt: thread.lastReplyAt === null ? null : new Date(thread.lastReplyAt),
      participants: thread.participants.map(([userId, username]) => ({ userId, username }))
    }
  }
}
