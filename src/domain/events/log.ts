/** Reads the log of a chat by position. */
import type { Orm } from '../../store/database.ts'
import { listHiders } from '../../store/hidden.ts'
import * as store from '../../store/log.ts'
import { listHiddenAmong } from '../../store/message-pages.ts'
import type { ChatEvent } from './event.ts'
import { eventOf, messageCreatedOf } from './stored-event.ts'

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
      (await store.listLogAfter(orm, chatId, after, limit)).map(entryOf),
    /** Those of these messages of a chat that a user has deleted for themself. */
    hiddenAmong: (userId: number, chatId: number, seqs: readonly number[]): Promise<number[]> =>
      listHiddenAmong(orm, { chatId, userId }, seqs),
    /** The users who have deleted one of these messages of a chat for themselves, by its seq. */
    hiders: (chatId: number, seqs: readonly number[]): Promise<ReadonlyMap<number, readonly number[]>> =>
      listHiders(orm, chatId, seqs),
    /** The same as `read` for a member of the chat; empty for others. */
    readAs: async (userId: number, chatId: number, after: number, limit: number): Promise<ChatEvent[]> =>
      (await store.listLogAfterAs(orm, userId, chatId, after, limit)).map(entryOf)
  }
}

function entryOf (row: store.LogRow): ChatEvent {
  return 'kind' in row ? eventOf(row) : messageCreatedOf(row)
}
