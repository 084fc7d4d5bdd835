/** Whether a page of history costs the same in a small and in a huge table. Confab only: the peers have no history. */
import { Agent, request } from 'node:http'
import postgres from 'postgres'
import { insertMessages, type Chat } from '../lab/population.ts'
import type { Deployment } from '../lab/servers.ts'
import { median } from '../stats.ts'
import { withDeployment, type Figure, type Scenario, type Settings } from './scenario.ts'

const SMALL_ROWS = 10_000
const PAGE_ROWS = 50
const REQUESTS_PER_RUN = 1000
/** The chat that is read holds the rows asked for; a tenth as many are spread over these. */
const OTHER_CHATS = 100

export const historyScenario: Scenario = {
  name: 'history',
  group: 'history',
  servers: ['confab'],
  atOnce: true,
  measure: async (lab, _server, settings) =>
    await withDeployment(
      lab,
      'confab',
      1,
      async (small) => await withDeployment(lab, 'confab', 1, async (big) => await compare(small, big, settings))
    )
}

/** The two are asked in turn, so that whatever else the machine does happens to both. */
async function compare (small: Deployment, big: Deployment, settings: Settings): Promise<Figure[]> {
  const readSmall = await reader(small, await fill(small, SMALL_ROWS))
  const readBig = await reader(big, await fill(big, settings.historyRows))
  const figures: Figure[] = []
  for (let run = -1; run < settings.runs; run++) {
    const times: [number[], number[]] = [[], []]
    for (let i = 0; i < REQUESTS_PER_RUN; i++) {
      times[0].push(await readSmall())
      times[1].push(await readBig())
    }
    // The first round warms both servers.
    if (run < 0) continue
    const [little, much] = [median(times[0]), median(times[1])]
    figures.push(
      { title: `history: page of ${String(PAGE_ROWS)}, ${rows(SMALL_ROWS)} rows`, unit: 'ms', value: little },
      { title: `history: page of ${String(PAGE_ROWS)}, ${rows(settings.historyRows)} rows`, unit: 'ms', value: much },
      {
        title: `history: ${rows(settings.historyRows)} rows against ${rows(SMALL_ROWS)}`,
        unit: '×',
        value: much / little
      }
    )
  }
  return figures
}

const rows = (count: number) => count.toLocaleString('en')

async function fill (deployment: Deployment, count: number): Promise<Chat[]> {
  const chats = await deployment.populate(1 + OTHER_CHATS)
  const sql = postgres(deployment.databaseUrl, { max: 1, onnotice: () => undefined })
  try {
    await sql`SET synchronous_commit = off`
    await insertMessages(sql, 1, 1, count)
    await insertMessages(sql, 2, OTHER_CHATS, Math.ceil(count / 10 / OTHER_CHATS))
    await sql.unsafe('VACUUM ANALYZE')
    // Otherwise the pages of the insert are still being written out while the clock runs.
    await sql.unsafe('CHECKPOINT')
  } finally {
    await sql.end()
  }
  return chats
}

/** Answers a function that asks for the newest page and tells how many milliseconds that took. */
async function reader (deployment: Deployment, chats: Chat[]): Promise<() => Promise<number>> {
  const chat = chats[0]
  if (chat === undefined) throw new Error('there is no chat to read')
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const port = deployment.replicas[0]?.port ?? 0
  const page = pageByChatcli(chat, PAGE_ROWS)
  const first: unknown = JSON.parse(await ask(agent, port, page))
  if (!Array.isArray(first) || first.length !== PAGE_ROWS)
    throw new Error(`history answered no page of ${String(PAGE_ROWS)}`)
  return async () => {
    const startedAt = performance.now()
    await ask(agent, port, page)
    return performance.now() - startedAt
  }
}

/** A request over HTTP. */
export interface Asked { method: string, path: string, headers: Record<string, string>, body: string }

/** The newest page of a chat, as a client of ChatCLI requests it. */
export function pageByChatcli ({ chatID, members: [{ token }] }: Chat, limit: number): Asked {
  const body = JSON.stringify({ session_token: token, chatID, limit })
  return { method: 'POST', path: '/chat/messages', headers: { 'content-type': 'application/json' }, body }
}

/** Sends a request, and answers the text of its answer. Throws when it is not answered with 200. */
export async function ask (agent: Agent, port: number, { method, path, headers, body }: Asked): Promise<string> {
  return await new Promise((resolve, reject) => {
    const sent = request(
      {
        agent,
        port,
        host: '127.0.0.1',
        method,
        path,
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        timeout: 30_000
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk)
        })
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          if (response.statusCode === 200) resolve(text)
          else reject(new Error(`history answered ${String(response.statusCode ?? 0)}: ${text.slice(0, 200)}`))
        })
      }
    )
    sent.on('error', reject)
    sent.on('timeout', () => {
      sent.destroy(new Error('history did not answer'))
    })
    sent.end(body)
  })
}
