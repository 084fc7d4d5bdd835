/** A message to store, and what becomes of it. */
import type { MessageToPost } from '../../store/changes.ts'
import type { PostEntry, PostOutcome } from '../../store/posts.ts'
import type { TraceContext } from '../../observability/tracing/trace-context.ts'
import { ChatError } from '../errors.ts'
import type { ChatEvent, MessageCreated } from './event.ts'
import { limitErrorOf } from './limit-error.ts'
import type { Message } from './message.ts'

/** A message to store. */
export type Post = {
  readonly chatId: number
  readonly author: { readonly userId: number, readonly username: string }
  readonly text: string
  readonly clientMessageId: string | undefined
  /** Whether the token of the author leaves nothing of what moderators may, whatever the role permits. */
  readonly isNarrowed?: boolean
  /** What it has beside its text; as a rule nothing. */
  readonly extras?: PostExtras | undefined
  readonly trace: TraceContext | undefined
  /** Called once with the outcome. It must not throw. A promise per post would cost as much as storing it. */
  readonly onSettled: (outcome: Receipt | ChatError) => void
}

/** What a message to store has beside its text. */
export type PostExtras = Omit<MessageToPost, 'kind' | 'text'> & {
  /** The API key that posts it on behalf of its author. */
  readonly keyId?: string | undefined
}

/** The stored message, and whether it was stored before. */
export type Receipt = { message: Message, duplicate: boolean }

/** The entry of a post in a batch. @param postKey unique per chat and author */
export function postEntryOf ({ chatId, author, text, isNarrowed = false }: Post, postKey: string): PostEntry {
  return { chatId, authorId: author.userId, postKey, text, isNarrowed }
}

/** The error for each outcome that is none. */
const REFUSALS = {
  conflict: 'conflict',
  refused: 'not_a_participant',
  closed: 'chat_closed',
  frozen: 'chat_frozen',
  forbidden: 'forbidden'
} as const

/** The events of a chat that a batch has stored, up to `lastSeq`. */
export type StoredEvents = { membersVersion: number, lastSeq: number, events: ChatEvent[] }

/** Returns the outcome of one post and adds a new message to those to publish. */
export function settlePost (
  post: Post, result: PostOutcome | undefined, news: StoredEvents
): Receipt | ChatError {
  if (result === undefined) return new ChatError('internal')
  if (!('seq' in result)) return limitErrorOf(result) ?? new ChatError(REFUSALS[result.outcome])
  const { outcome, seq, id, at, membersVersion } = result
  const { chatId, author, text, clientMessageId } = post
  const message: MessageCreated = {
    kind: 'message.created',
    chatId,
    seq,
    id,
    authorId: author.userId,
    username: author.username,
    text,
    at,
    editedAt: null,
    deletedAt: null,
    version: 1,
    clientMessageId
  }
  news.membersVersion = membersVersion
  news.lastSeq = Math.max(news.lastSeq, seq)
  if (outcome === 'stored') news.events.push(message)
  return { message, duplicate: outcome === 'duplicate' }
}
