/** The index of search, as tests wait for it and look into it. */
import { sql } from 'drizzle-orm'
import type { Orm } from '../../../src/store/database.ts'
import { eventually } from '../deadline.ts'

/** Waits until everything that was written before is indexed. @returns false after the deadline */
export async function isIndexed (orm: Orm): Promise<boolean> {
  return eventually(async () => {
    const [row] = await orm.select({
      isBehind: sql<boolean>`exists (select from jobs j where j.kind = 'search')
        or not exists (select from followers f where f.name = 'search')
        or exists (select from chat_heads h join chats c on c.id = h.chat_id
          left join followed_chats f on f.chat_id = h.chat_id and f.since = (select since from following)
          where h.last_seq > coalesce(f.position, last_event_before(h.chat_id, (select since from following))))`
    }).from(sql`(values (1)) once`)
    return row?.isBehind === false
  })
}

/** The entries of the index that have a word. */
export async function entriesWith (orm: Orm, word: string): Promise<number> {
  const [row] = await orm.select({
    count: sql<number>`(select count(*) from search_entries e
      where e.words::text like '%' || ${word}::text || '%')::integer`
  }).from(sql`(values (1)) once`)
  return row?.count ?? 0
}
