/** The chats that a narrowed token may see, in queries. */
import { type SQL, sql, type SQLWrapper } from 'drizzle-orm'
import { chats } from './schema.ts'

/** The ids of `/v1` of such chats, and the beginnings of such ids. */
export type SeenChats = { ids: readonly string[], beginnings: readonly string[] }

/** Whether the chat of this number is one of those. @param seen undefined for all */
export function isSeen (chatId: SQLWrapper, seen: SeenChats | undefined): SQL {
  if (seen === undefined) return sql`true`
  const list = (texts: readonly string[]) => sql`(select json_array_elements_text(${JSON.stringify(texts)}::json))`
  return sql`exists (select from ${chats} c, lateral (select coalesce(c.public_id, 'cf~' || c.id) as name) named
    where c.id = ${chatId} and (named.name in ${list(seen.ids)}
      or exists (select from ${list(seen.beginnings)} b(text) where starts_with(named.name, b.text))))`
}
