/** Messages: posting, and paging through a chat's history. */
import type { Orm } from '../../store/database.ts'
import * as store from '../../store/messages.ts'
import type { Chats } from '../chats/chats.ts'
import { ChatError } from '../errors.ts'
import type { Message } from './message.ts'
import type { CommitListener, Post, EventWriter } from './event-writer.ts'
import { messageOf } from './log.ts'
import { clientKey, createServerKeys } from './post-key.ts'
import { isStorable } from '../text.ts'

/** Longest text of a message, in UTF-16 code units as JavaScript counts them. */
export const MAX_TEXT_LENGTH = 4_000
/** Longest `clientMessageID`, in characters. */
export const MAX_CLIENT_MESSAGE_ID_LENGTH = 64

/** A page of history: the newest `limit` messages with `after < seq < before`. */
export type HistoryQuery = { chatId: number, limit: number, before?: number | undefined, after?: number | undefined }

/** The messages of this server. */
export type Messages = ReturnType<typeof createMessages>

/** Dependencies of the messages. */
export type MessagesDeps = { orm: Orm, chats: Chats, poster: EventWriter }

/** Wires the messages. */
export function createMessages (deps: MessagesDeps) {
  const serverKeys = createServerKeys()
  return {
    post: (request: Post) => post(deps.poster, serverKeys, request),
    history: history.bind(undefined, deps),
    onCommitted: (listener: CommitListener) => deps.poster.onCommitted(listener),
    /** Number of posts that wait to be stored. */
    waiting: () => deps.poster.waiting,
    /** Resolves when every post accepted so far is stored or refused. */
    flush: () => deps.poster.flush()
  }
}

/**
 * Posts a message. With a `clientMessageId` a repetition returns the first result. `onSettled` receives the receipt, or
 * an error: `invalid_text`, and those of {@link EventWriter.post}.
 */
function post (poster: EventWriter, serverKeys: () => string, request: Post): void {
  const { text, clientMessageId } = request
  if (text.length > MAX_TEXT_LENGTH || text.trim() === '' || !isStorable(text))
    request.onSettled(new ChatError('invalid_text'))
  else poster.post(request, clientMessageId === undefined ? serverKeys() : clientKey(clientMessageId))
}

/**
 * Returns a page of a chat as one of its members sees it, oldest first: the newest messages before a position, or, with
 * `after` alone, the oldest ones after it. Messages that were returned count as read.
 * @throws {ChatError} `not_a_participant`
 */
async function history (
  deps: MessagesDeps,
  userId: number,
  { chatId, limit, before, after }: HistoryQuery
): Promise<Message[]> {
  const { fromSeq, readSeq } = await deps.chats.membership(userId, chatId)
  const floor = Math.max(fromSeq, after ?? 0)
  const rows =
    after !== undefined && before === undefined
      ? await store.listMessagesAfter(deps.orm, chatId, floor, limit)
      : await store.listMessagesBefore(
          deps.orm,
          chatId,
          { after: floor, before: before ?? Number.MAX_SAFE_INTEGER },
          limit
        )
  const lastSeq = rows.at(-1)?.seq ?? 0
  if (lastSeq > readSeq) await deps.chats.markRead(userId, chatId, lastSeq)
  return rows.map(messageOf)
}
