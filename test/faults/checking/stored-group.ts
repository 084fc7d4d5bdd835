/** A group as it is in the tables. */
import type { Sql } from 'postgres'
import type { GroupHistory } from './group.ts'

type StoredGroup = Omit<GroupHistory, 'marks' | 'guest' | 'followers' | 'guestFollower' | 'replaced'>

/** Reads a group. @param guest the name of the user who comes and goes */
export async function readGroup (sql: Sql, chatID: number, guest: string): Promise<StoredGroup> {
  const [head] = await sql<{ last: string, guests: string }[]>`
    select last_seq as last, (
      select count(*) from participants p join users u on u.id = p.user_id
      where p.chat_id = ${chatID} and u.username = ${guest}
    ) as guests from chat_heads where chat_id = ${chatID}`
  const events = await sql<
    { seq: string, kind: string, target: string | null, emoji: string | null, username: string | null }[]
  >`select seq, kind, target_seq as target, data ->> 'emoji' as emoji, username
    from chat_events left join users on users.id = coalesce((data ->> 'userId')::bigint, actor_id)
    where chat_id = ${chatID} and (kind not like 'member.%' or username = ${guest}) order by seq`
  const messages = await sql<
    { seq: string, body: string, version: number, gone: boolean, reactions: Record<string, number> }[]
  >`select seq, body, coalesce(version, 1) as version, deleted_at is not null as gone, (
      select coalesce(json_object_agg(emoji, count), '{}') from reaction_counts r
      where r.chat_id = m.chat_id and r.seq = m.seq
    ) as reactions from messages m where chat_id = ${chatID} order by seq`
  const reactions = await sql<{ place: string }[]>`
    select concat_ws(' ', seq, username, emoji) as place from reactions join users on users.id = user_id
    where chat_id = ${chatID}`
  return {
    head: Number(head?.last ?? 0),
    isGuestIn: Number(head?.guests ?? 0) > 0,
    events: events.map(({ seq, kind, target, emoji, username }) => ({
      seq: Number(seq),
      kind,
      targetSeq: target === null ? undefined : Number(target),
      emoji: emoji ?? undefined,
      user: username ?? undefined
    })),
    messages: new Map(messages.map(({ seq, body, version, gone, reactions }) =>
      [Number(seq), { text: body, version, isDeleted: gone, reactions }])),
    reactions: reactions.map(({ place }) => place)
  }
}
