/** The tables of imports. */
import { bigint, pgTable, text } from 'drizzle-orm/pg-core'
import { instant, reference } from './columns.ts'

/**
 * Imports by the ids of their files: so many `records` are stored, and `digest` is the digest of these. `chatId` is the
 * chat of which a part is stored: it has a head and no row in `chats` until all of it is there.
 */
export const imports = pgTable('imports', {
  id: text('id').primaryKey(),
  records: reference('records').default(0),
  digest: text('digest').notNull().default(''),
  chatId: bigint('chat_id', { mode: 'number' }),
  startedAt: instant('started_at').notNull().defaultNow(),
  finishedAt: instant('finished_at')
})
