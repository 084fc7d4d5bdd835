/** What the peers share: their settings, their table and the one insert per message. */
import postgres from 'postgres'

/** postgres.js's own default, and Confab's. */
const POOL_SIZE = 10

/** A value the bench must have given. */
export function setting (name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is missing: the peers are started by the bench`)
  return value
}

/** A delivered message, with the fields of Confab's `new_message` that a server without a sequence can give. */
export interface PeerMessage {
  messageID: number
  chatID: number
  userID: number
  username: string
  message: string
  timestamp: string
}

export interface Author { userID: number, username: string }

/** Stores one message and answers what to broadcast. */
export type Insert = (author: Author, chatID: number, text: string) => Promise<PeerMessage>

/** Opens the pool and makes the table: one index, which is also what pages of history need. */
export async function openMessages (databaseUrl: string): Promise<Insert> {
  const sql = postgres(databaseUrl, { max: POOL_SIZE, onnotice: () => undefined })
  await sql.begin(async (transaction) => {
    await transaction`SELECT pg_advisory_xact_lock(7301)`
    await transaction`
      CREATE TABLE IF NOT EXISTS messages (
        id serial NOT NULL,
        chat_id bigint NOT NULL,
        author_id bigint NOT NULL,
        body text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (chat_id, id)
      )`
  })
  return async ({ userID, username }, chatID, text) => {
    const [row] = await sql<{ id: number, created_at: Date }[]>`
      INSERT INTO messages (chat_id, author_id, body) VALUES (${chatID}, ${userID}, ${text}) RETURNING id, created_at`
    if (row === undefined) throw new Error('the insert returned nothing')
    return { messageID: row.id, chatID, userID, username, message: text, timestamp: row.created_at.toISOString() }
  }
}

/** Ends the process when the bench asks for it. */
export function endOnSignal (): void {
  process.on('SIGTERM', () => { process.exit(0) })
}
