/** At which seq each participant left, noted down by the database in the transaction itself. */
import { desc, eq, sql } from 'drizzle-orm'
import { bigint, bigserial, pgTable } from 'drizzle-orm/pg-core'
import type { Orm } from '../../../src/store/database.ts'
import { participants } from '../../../src/store/schema.ts'

const removals = pgTable('removals', {
  id: bigserial('id', { mode: 'number' }),
  chatId: bigint('chat_id', { mode: 'number' }).notNull(),
  lastSeq: bigint('last_seq', { mode: 'number' }).notNull()
})

/** Has the database note removals from now on. The cluster must be `inspectable`. */
export async function noteRemovals ({ orm }: { orm: Orm }): Promise<void> {
  await orm.execute(sql`create table removals (id bigserial, chat_id bigint, last_seq bigint)`)
  await orm.execute(sql`
    create function note_removal() returns trigger language plpgsql as $$ begin
      insert into removals (chat_id, last_seq) select chat_id, last_seq from chat_heads where chat_id = old.chat_id;
      return old;
    end $$`)
  await orm.execute(
    sql`create trigger note_removal before delete on participants for each row execute function note_removal()`
  )
}

/** The seq up to which the latest to leave a chat may see it. */
export async function latestRemoval ({ orm }: { orm: Orm }, chatID: number): Promise<number> {
  const [row] = await orm
    .select({ lastSeq: removals.lastSeq })
    .from(removals)
    .where(eq(removals.chatId, chatID))
    .orderBy(desc(removals.id))
    .limit(1)
  if (row === undefined) throw new Error('Nobody has left.')
  return row.lastSeq
}

/** The seq behind which the latest to come into a chat may see it. */
export async function latestReturn ({ orm }: { orm: Orm }, chatID: number): Promise<number> {
  const [row] = await orm
    .select({ fromSeq: participants.fromSeq })
    .from(participants)
    .where(eq(participants.chatId, chatID))
    .orderBy(desc(participants.fromSeq))
    .limit(1)
  if (row === undefined) throw new Error('Nobody is in the chat.')
  return row.fromSeq
}
