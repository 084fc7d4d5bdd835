/**
 * The floor for posts: a process that does nothing but insert rows of a message's size, a hundred at a time, over two
 * connections. Every HTTP answer is the number of rows committed so far.
 */
import { createServer } from 'node:http'
import postgres from 'postgres'
import { endOnSignal, setting } from './peer.ts'

const ROWS_PER_INSERT = 100
const CONNECTIONS = 2

const sql = postgres(setting('DATABASE_URL'), { max: CONNECTIONS, onnotice: () => undefined })
await sql`
  CREATE TABLE messages (
    chat_id bigint NOT NULL, seq bigint NOT NULL, author_id bigint NOT NULL, body text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (chat_id, seq)
  )`

const body = '0'.repeat(64)
let next = 0
let stored = 0

async function insertForever (): Promise<never> {
  for (;;) {
    const seqs = Array.from({ length: ROWS_PER_INSERT }, () => ++next)
    await sql`
      INSERT INTO messages (chat_id, seq, author_id, body)
      SELECT * FROM unnest(${seqs.map((seq) => seq % 500)}::bigint[],
        ${seqs}::bigint[], ${seqs}::bigint[], ${seqs.map(() => body)}::text[])`
    stored += ROWS_PER_INSERT
  }
}

endOnSignal()
createServer((_request, response) => {
  response.end(String(stored))
}).listen(Number(setting('PORT')), '127.0.0.1')
for (let i = 0; i < CONNECTIONS; i++) void insertForever()
