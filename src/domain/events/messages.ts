/** Messages: posting, and paging through a chat's history. */
import type { Orm } from '../../store/database.ts'
import * as store from '../../store/messages.ts'
import type { Chats } from '../chats/chats.ts'
import { ChatError } from '../errors.ts'
import type { Features } from '../features.ts'
import type { Feeds } from '../feeds/feeds.ts'
import { type Message, messageOf } from './message.ts'
import type { Change } from './change.ts'
import type { CommitListener } from './event-writer.ts'
import type { Post, PostExtras } from './post.ts'
import { createMessageChanges, type MessageChanges } from './message-changes.ts'
import { isText } from './message-input.ts'
import { clientKey, createServerKeys } from './post-key.ts'
import { messageRequestOf } from './post-request.ts'
import type { Poster } from './poster.ts'

export { MAX_TEXT_LENGTH } from './message-input.ts'

/** Longest `clientMessageID`, in characters. */
export const MAX_CLIENT_MESSAGE_ID_LENGTH = 64

/** A page of history: the newest `limit` messages with `after < seq < before`. */
export type HistoryQuery = {
  chatId: number
  limit: number
  before?: number | undefined
  after?: number | undefined
  /** Whether the returned messages count as read; by default they do. */
  marksRead?: boolean | undefined
}

/** The messages of this server. */
export type Messages = ReturnType<typeof createMessages>

/** Dependencies of the messages. */
export type MessagesDeps = {
  orm: Orm
  chats: Chats
  poster: Poster
  features: Features
  /** Told of the feeds that a change has written. */
  feeds?: Pick<Feeds, 'announce'>
}

/** Wires the messages. */
export function createMessages (deps: MessagesDeps) {
  const serverKeys = createServerKeys()
  const changes = createMessageChanges({ ...deps, serverKeys })
  return {
    post: (request: Post) => post(deps.poster, changes, serverKeys, request),
    change: (request: Change) => change(changes, request),
    changes,
    history: history.bind(undefined, deps),
    onCommitted: (listener: CommitListener) => deps.poster.onCommitted(listener),
    /** Number of posts that wait to be stored. */
    waiting: () => deps.poster.waiting,
    /** Number of those that a new post of another user has to wait for. */
    inLine: () => deps.poster.inLine,
    /** Resolves when every post accepted so far is stored or refused. */
    flush: () => deps.poster.flush()
  }
}

/**
 * Posts a message. With a `clientMessageId` a repetition returns the first result. `onSettled` receives the receipt, or
 * an error: `invalid_text`, and those of {@link Poster}.
 */
function post (poster: Poster, changes: MessageChanges, serverKeys: () => string, request: Post): void {
  const { text, clientMessageId, extras } = request
  if (extras !== undefined) postWith(changes, extras, request)
  else if (!isText(text)) request.onSettled(new ChatError('invalid_text'))
  else poster.post(request, clientMessageId === undefined ? serverKeys() : clientKey(clientMessageId))
}

function postWith (changes: MessageChanges, extras: PostExtras, post: Post): void {
  changes.submit(messageRequestOf(post, extras), post.clientMessageId)
}

/**
 * Gives a message of the author another text, or deletes it. `onSettled` receives the receipt, or an error:
 * `invalid_text`, `updating`, and those of {@link Poster}.
 */
function change (changes: MessageChanges, { chatId, author, messageId, text, onSettled }: Change): void {
  const target = { messageId }
  const action = text === undefined ? { kind: 'delete', target } as const : { kind: 'edit', target, text } as const
  changes.submit({ chatId, actor: author, action, onSettled }, undefined)
}

/**
 * Returns a page of a chat as one of its members sees it, oldest first: the newest messages before a position, or, with
 * `after` alone, the oldest ones after it. Messages that were returned count as read, unless the query says otherwise.
 * @throws {ChatError} `not_a_participant`
 */
async function history (
  deps: MessagesDeps,
  userId: number,
  { chatId, limit, before, after, marksRead = true }: HistoryQuery
): Promise<Message[]> {
  const { fromSeq, readSeq, hasHidden } = await deps.chats.membership(userId, chatId)
  const hider = hasHidden ? userId : undefined
  const floor = Math.max(fromSeq, after ?? 0)
  const rows =
    after !== undefined && before === undefined
      ? await store.listMessagesAfter(deps.orm, chatId, floor, limit, hider)
      : await store.listMessagesBefore(
          deps.orm,
          chatId,
          { after: floor, before: before ?? Number.MAX_SAFE_INTEGER },
          limit,
          hider
        )
  const lastSeq = rows.at(-1)?.seq ?? 0
  if (marksRead && lastSeq > readSeq) await deps.chats.markRead(userId, chatId, lastSeq)
  return rows.map(messageOf)
}
