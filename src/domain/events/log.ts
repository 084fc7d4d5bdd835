/** Reads the log of a chat by position. */
import type { Orm } from '../../store/database.ts'
import * as store from '../../store/messages.ts'
import type { ChatEvent, MessageCreated } from './event.ts'
import { clientMessageIdOf } from './post-key.ts'

/** The logs of this server's chats. */
export type EventLog = ReturnType<typeof createEventLog>

/** Wires the log. */
export function createEventLog (orm: Orm) {
  return {
    /**
     * Events of a chat with `after < seq`, oldest first; the caller has checked the reader's membership. Commit order
     * is seq order and a page is one statement, so a seq that is missing in a page before its last one will never
     * appear.
     */
    read: async (chatId: number, after: number, limit: number): Promise<ChatEvent[]> =>
      (await store.listMessagesAfter(orm, chatId, after, limit)).map(messageOf),
    /** The same for a member of the chat; empty for others. */
    readAs: async (userId: number, chatId: number, after: number, limit: number): Promise<ChatEvent[]> =>
      (await store.listMessagesAfterAs(orm, userId, chatId, after, limit)).map(messageOf)
  }
}

/** Converts a row to its event. */
export function messageOf (row: store.MessageRow): MessageCreated {
  return {
    kind: 'message.created',
    chatId: row.chatId,
    seq: row.seq,
    id: row.id,
    authorId: row.authorId,
    username: row.username,
    text: row.text,
    at: row.at,
    clientMessageId: clientMessageIdOf(row.postKey)
  }
}
