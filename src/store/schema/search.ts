/** The tables of the index of search, which follow the logs of chats from behind. */
import { customType, index, integer, pgTable, primaryKey } from 'drizzle-orm/pg-core'
import { instant, reference } from './columns.ts'

const tsvector = customType<{ data: string }>({ dataType: () => 'tsvector' })

/**
 * The messages that can be found. Each word has the key of its block before it, so that a look-up concerns one block.
 * A trigger of `messages` removes the entry of a message that is deleted.
 */
export const searchEntries = pgTable(
  'search_entries',
  {
    chatId: reference('chat_id'),
    seq: reference('seq'),
    authorId: reference('author_id'),
    createdAt: instant('created_at').notNull(),
    words: tsvector('words').notNull()
  },
  (table) => [
    primaryKey({ columns: [table.chatId, table.seq] }),
    index('search_entries_words').using('gin', table.words).with({ fastupdate: false })
  ]
)

/** The blocks of chats, with the times of their first and their last message. */
export const searchBlocks = pgTable(
  'search_blocks',
  {
    chatId: reference('chat_id'),
    block: integer('block').notNull(),
    firstAt: instant('first_at').notNull(),
    lastAt: instant('last_at').notNull()
  },
  (table) => [primaryKey({ columns: [table.chatId, table.block] })]
)
