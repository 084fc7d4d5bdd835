/** Accounts and chats: pairs of users, chat i between users 2i-1 and 2i. */
import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { accessToken } from './token.ts'

export interface Member {
  userID: number
  username: string
  token: string
}

export interface Chat {
  chatID: number
  members: [Member, Member]
}

const ID_DIGITS = 6
/** Names of one length, so that the frames of all chats have one length too. */
const nameOf = (userID: number) => `user${String(userID).padStart(ID_DIGITS, '0')}`

/** Chats as the peers take them: whoever joins is believed. */
export function strangers (chats: number): Chat[] {
  return Array.from({ length: chats }, (_, index) => ({
    chatID: index + 1,
    members: [member(2 * index + 1, ''), member(2 * index + 2, '')]
  }))
}

/**
 * Accounts, sessions and chats straight into Confab's tables, which its first replica has made. `history` messages
 * are in each chat from the start.
 */
export async function settle (databaseUrl: string, secret: string, chats: number, history = 0): Promise<Chat[]> {
  const userIDs = Array.from({ length: 2 * chats }, (_, index) => index + 1)
  const sessionIDs = userIDs.map(() => randomUUID())
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => undefined })
  try {
    await sql`
      INSERT INTO users (id, username, username_key, display_name,
        email, email_key, password_hash, activated_at, email_verified_at)
      SELECT id, name, name, name, name || '@example.org', name || '@example.org', 'none', now(), now()
      FROM (SELECT id, 'user' || lpad(id::text, ${ID_DIGITS}, '0') AS name
        FROM generate_series(1, ${2 * chats}::bigint) id) u`
    await sql`
      INSERT INTO sessions (id, user_id, expires_at)
      SELECT id, user_id, now() + interval '1 day'
      FROM unnest(${sessionIDs}::uuid[], ${userIDs}::bigint[]) AS s (id, user_id)`
    await sql`INSERT INTO chats (id, user_low, user_high) SELECT id, 2 * id - 1, 2 * id
      FROM generate_series(1, ${chats}::bigint) id`
    await sql`INSERT INTO chat_heads (chat_id, last_seq) SELECT id, ${history}
      FROM generate_series(1, ${chats}::bigint) id`
    await sql`INSERT INTO participants (chat_id, user_id) SELECT (id + 1) / 2, id
      FROM generate_series(1, ${2 * chats}::bigint) id`
    await insertMessages(sql, 1, chats, history)
    await sql.unsafe('ANALYZE')
  } finally {
    await sql.end()
  }
  return strangers(chats).map(({ chatID, members: [low, high] }) => ({
    chatID,
    members: [
      member(low.userID, accessToken(secret, low.userID, sessionIDs[low.userID - 1] ?? '')),
      member(high.userID, accessToken(secret, high.userID, sessionIDs[high.userID - 1] ?? ''))
    ]
  }))
}

/** Gives `chats` chats from `firstChat` on `each` messages more than none, by both members in turn. */
export async function insertMessages (
  sql: postgres.Sql,
  firstChat: number,
  chats: number,
  each: number
): Promise<void> {
  await sql`
    INSERT INTO messages (chat_id, seq, author_id, body, post_key)
    SELECT chat, seq, 2 * chat - seq % 2, 'message ' || seq || repeat('.', 48), 's' || seq
    FROM generate_series(${firstChat}::bigint, ${firstChat + chats - 1}::bigint) chat,
      generate_series(1, ${each}::bigint) seq`
  await sql`UPDATE chat_heads SET last_seq = ${each} WHERE chat_id >= ${firstChat} AND chat_id < ${firstChat + chats}`
}

function member (userID: number, token: string): Member {
  return { userID, username: nameOf(userID), token }
}
