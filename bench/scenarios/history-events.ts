/**
 * Whether a page of history costs the same in a chat with as many reactions as messages: two chats in one database, the
 * newest page of each requested in turn, by both APIs.
 */
import { Agent } from 'node:http'
import postgres from 'postgres'
import { insertMessages, type Chat } from '../lab/population.ts'
import type { Deployment } from '../lab/servers.ts'
import { median } from '../stats.ts'
import { ask, type Asked, pageByChatcli } from './history.ts'
import { withDeployment, type Figure, type Scenario } from './scenario.ts'

const MAX_ROWS = 1_000_000
const PAGE_ROWS = 50
const REQUESTS_PER_RUN = 500

export const historyEventsScenario: Scenario = {
  name: 'history-events',
  group: 'history-events',
  servers: ['confab'],
  atOnce: true,
  measure: async (lab, _server, { runs, historyRows }) => await withDeployment(lab, 'confab', 1, async (deployment) => {
    const rows = Math.min(MAX_ROWS, historyRows)
    const [plain, marked] = await fill(deployment, rows)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const port = deployment.replicas[0]?.port ?? 0
    const figures: Figure[] = []
    for (let run = -1; run < runs; run++) {
      for (const [api, pageOf] of APIS) {
        const pages = [pageOf(plain), pageOf(marked)] as const
        const ratio = await compare((page) => ask(agent, port, page), pages)
        // The first round warms the server.
        if (run >= 0) figures.push(...figuresOf(api, rows, ratio))
      }
    }
    agent.destroy()
    return figures
  })
}

/** The newest page, as a client of `/v1` requests it. */
function pageByV1 ({ chatID, members: [{ token }] }: Chat): Asked {
  const path = `/v1/chats/cf~${String(chatID)}/messages?limit=${String(PAGE_ROWS)}`
  return { method: 'GET', path, headers: { authorization: `Bearer ${token}` }, body: '' }
}

const APIS: readonly (readonly [api: string, pageOf: (chat: Chat) => Asked])[] = [
  ['/v1', pageByV1], ['ChatCLI', (chat) => pageByChatcli(chat, PAGE_ROWS)]
]

/** The median times of two pages in milliseconds, requested in turn. */
async function compare (
  read: (page: Asked) => Promise<string>, [plain, marked]: readonly [Asked, Asked]
): Promise<{ plain: number, marked: number }> {
  const times: { plain: number[], marked: number[] } = { plain: [], marked: [] }
  const measure = async (page: Asked, to: number[]) => {
    const startedAt = performance.now()
    await read(page)
    to.push(performance.now() - startedAt)
  }
  for (let request = 0; request < REQUESTS_PER_RUN; request++) {
    await measure(plain, times.plain)
    await measure(marked, times.marked)
  }
  return { plain: median(times.plain), marked: median(times.marked) }
}

function figuresOf (api: string, rows: number, { plain, marked }: { plain: number, marked: number }): Figure[] {
  const count = rows.toLocaleString('en')
  const title = `history-events: page of ${String(PAGE_ROWS)} by ${api}, ${count} messages`
  return [
    { title, unit: 'ms', value: plain },
    { title: `${title} and as many reactions`, unit: 'ms', value: marked },
    { title: `${title}: with reactions against without`, unit: '×', value: marked / plain }
  ]
}

/** Fills two chats with messages; in the second every message has a reaction, with its event behind it. */
async function fill (deployment: Deployment, rows: number): Promise<[plain: Chat, marked: Chat]> {
  const [plain, marked] = await deployment.populate(2)
  if (plain === undefined || marked === undefined) throw new Error('there are no chats to read')
  const sql = postgres(deployment.databaseUrl, { max: 1, onnotice: () => undefined })
  const { chatID, members: [author, other] } = marked
  try {
    await sql`SET synchronous_commit = off`
    await insertMessages(sql, plain.chatID, 1, rows)
    await sql`
      INSERT INTO messages (chat_id, seq, author_id, body, post_key, extra)
      SELECT ${chatID}, 2 * n - 1, ${author.userID}, 'message ' || n || repeat('.', 48), 's' || n, '{"marks": true}'
      FROM generate_series(1, ${rows}::bigint) n`
    await sql`
      INSERT INTO chat_events (chat_id, seq, kind, actor_id, target_seq, data)
      SELECT ${chatID}, 2 * n, 'reaction.added', ${other.userID}, 2 * n - 1, '{"emoji": "+1"}'
      FROM generate_series(1, ${rows}::bigint) n`
    await sql`
      INSERT INTO reactions (chat_id, seq, user_id, emoji)
      SELECT ${chatID}, 2 * n - 1, ${other.userID}, '+1' FROM generate_series(1, ${rows}::bigint) n`
    await sql`
      INSERT INTO reaction_counts (chat_id, seq, emoji, count, first_seq)
      SELECT ${chatID}, 2 * n - 1, '+1', 1, 2 * n FROM generate_series(1, ${rows}::bigint) n`
    await sql`UPDATE chat_heads SET last_seq = ${2 * rows} WHERE chat_id = ${chatID}`
    await sql.unsafe('VACUUM ANALYZE')
    await sql.unsafe('CHECKPOINT')
  } finally {
    await sql.end()
  }
  return [plain, marked]
}
