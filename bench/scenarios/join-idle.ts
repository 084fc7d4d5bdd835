/**
 * What a start of clients costs that follow all their chats and are told who is online: each user has one socket and 50
 * direct chats. Confab only.
 */
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import postgres from 'postgres'
import { WebSocket } from 'ws'
import { freePort } from '../lab/lab.ts'
import type { Member } from '../lab/population.ts'
import type { Deployment } from '../lab/servers.ts'
import { settledKiB } from './idle.ts'
import { withDeployment, type Figure, type Scenario } from './scenario.ts'

/** Direct chats of each user. */
export const CHATS_PER_USER = 50
const CONNECTS_IN_FLIGHT = 100
/** Nobody is told anything any more when no frame has come for so long. */
const QUIET_MS = 2_000
const POLL_MS = 50
/** Multiples of it, modulo 2^32, are spread evenly. */
const KNUTH = 2_654_435_761
/** Users sit in a circle; each has chats with those at these distances on both sides, and with the one opposite. */
const DISTANCES = Array.from({ length: (CHATS_PER_USER - 2) / 2 }, (_, index) => index + 2)

function joinIdle (name: string, title: string, presence: 'on' | 'off'): Scenario {
  return {
    name,
    group: 'join-idle',
    servers: ['confab'],
    measure: async (lab, server, { followers }) => {
      const metricsPort = await freePort()
      const environment = {
        METRICS_PORT: String(metricsPort),
        METRICS_HOST: '127.0.0.1',
        PRESENCE: presence
      }
      const use = (deployment: Deployment) => measure(deployment, title, followers, metricsPort)
      return withDeployment(lab, server, 1, use, environment)
    }
  }
}

export const joinIdleScenarios: Scenario[] = [
  joinIdle('join-idle', 'join-idle', 'on'),
  joinIdle('join-idle-off', 'join-idle, without presence', 'off')
]

async function measure (
  deployment: Deployment, name: string, followers: number, metricsPort: number
): Promise<Figure[]> {
  const pairs = await deployment.populate(followers / 2)
  await befriend(deployment.databaseUrl, followers)
  const crowd = new Crowd(deployment.replicas[0]?.port ?? 0)
  const inspector = await deployment.inspect()
  try {
    const [statements, cpu, memory] = [
      await statementsOf(metricsPort), deployment.cpuSeconds(), await settledKiB(deployment, inspector)
    ]
    const startedAt = performance.now()
    await crowd.open(mixed(pairs.flatMap(({ members }) => members)))
    await crowd.isQuiet()
    const seconds = (crowd.lastFrameAt - startedAt) / 1_000
    const used = await statementsOf(metricsPort) - statements
    const title = `${name}: ${followers.toLocaleString('en')} sockets, ${String(CHATS_PER_USER)} chats each`
    const cpuSeconds = deployment.cpuSeconds() - cpu
    const grown = await settledKiB(deployment, inspector) - memory
    crowd.check(followers)
    return [
      { title, unit: 's until all are told', value: seconds },
      { title, unit: 'statements', value: used, detail: `${String(followers)} of them for the tokens` },
      { title, unit: 'CPU-seconds', value: cpuSeconds },
      { title, unit: 'KiB per socket', value: grown / followers },
      { title, unit: 'frames', value: crowd.frames }
    ]
  } finally {
    inspector.close()
    crowd.close()
  }
}

/** The sockets of all users. */
class Crowd {
  readonly #url: string
  readonly #sockets: WebSocket[] = []
  #lists = 0
  #lost = 0
  frames = 0
  lastFrameAt = 0

  constructor (port: number) {
    this.#url = `ws://127.0.0.1:${String(port)}/ws`
  }

  /** Opens a socket for each user, some at a time. Resolves when each has been told who is online. */
  async open (members: readonly Member[]): Promise<void> {
    const waiting = [...members]
    await Promise.all(Array.from({ length: CONNECTS_IN_FLIGHT }, async () => {
      for (let member = waiting.pop(); member !== undefined; member = waiting.pop()) await this.#open(member)
    }))
  }

  /** Resolves when no frame has come for a while. */
  async isQuiet (): Promise<void> {
    while (performance.now() - this.lastFrameAt < QUIET_MS) await delay(POLL_MS)
  }

  /** Whether each socket is open and was told once who is online, and each pair of contacts that one is. @throws */
  check (followers: number): void {
    const told = this.frames - followers - this.#lists
    if (this.#lost > 0 || this.#lists !== followers)
      throw new Error(`${String(this.#lost)} sockets were lost, and ${String(this.#lists)} were told who is online`)
    if (told > followers * CHATS_PER_USER) throw new Error(`${String(told)} frames said that somebody has come`)
  }

  close (): void {
    for (const socket of this.#sockets) socket.terminate()
  }

  async #open ({ token }: Member): Promise<void> {
    const socket = new WebSocket(this.#url, { perMessageDeflate: false })
    this.#sockets.push(socket)
    socket.on('error', () => this.#lost++)
    const told = new Promise<void>((resolve, reject) => {
      socket.on('close', () => {
        this.#lost++
        reject(new Error('a socket was closed'))
      })
      socket.on('message', (data: Buffer) => {
        this.frames++
        this.lastFrameAt = performance.now()
        if (!data.includes('"online_users"')) return
        this.#lists++
        resolve()
      })
    })
    told.catch(() => undefined)
    await once(socket, 'open')
    socket.send(JSON.stringify({ type: 'auth', token }))
    socket.send(JSON.stringify({ type: 'join_idle' }))
    await told
  }
}

/** In an order of its own, the same each time, since contacts do not come together. */
function mixed (members: readonly Member[]): Member[] {
  const keyed = members.map((member) => ({ member, key: (member.userID * KNUTH) % 2 ** 32 }))
  return keyed.toSorted((one, other) => one.key - other.key).map(({ member }) => member)
}

/** Gives users chats with others; each has one with a neighbour already. @returns the chats of each user */
export async function befriend (databaseUrl: string, users: number): Promise<ReadonlyMap<number, number[]>> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => undefined })
  try {
    await sql`SET synchronous_commit = off`
    await sql`SELECT setval(pg_get_serial_sequence('chats', 'id'), (SELECT max(id) FROM chats))`
    await sql`
      INSERT INTO chats (user_low, user_high)
      SELECT least(one, other), greatest(one, other)
      FROM (SELECT one, (one + distance - 1) % ${users} + 1 AS other
        FROM generate_series(1, ${users}::bigint) one,
          unnest(${[...DISTANCES, users / 2]}::bigint[]) distance
        WHERE distance < ${users / 2} OR one <= ${users / 2}) pair`
    await sql`INSERT INTO chat_heads (chat_id) SELECT id FROM chats ON CONFLICT DO NOTHING`
    await sql`
      INSERT INTO participants (chat_id, user_id)
      SELECT id, member FROM chats, unnest(ARRAY[user_low, user_high]) member ON CONFLICT DO NOTHING`
    await sql.unsafe('VACUUM ANALYZE')
    const rows = await sql<{ user: number, chats: number[] }[]>`
      SELECT user_id::float8 AS user, json_agg(chat_id) AS chats FROM participants GROUP BY user_id`
    const other = rows.find(({ chats }) => chats.length !== CHATS_PER_USER)
    if (rows.length !== users || other !== undefined) throw new Error('the users have not as many chats as they should')
    return new Map(rows.map(({ user, chats }) => [user, chats]))
  } finally {
    await sql.end()
  }
}

/** Number of queries and transactions so far. */
export async function statementsOf (metricsPort: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${String(metricsPort)}/metrics`)).text()
  const counts = [...text.matchAll(/^chat_db_query_duration_seconds_count\S* (\S+)$/gm)]
  return counts.reduce((sum, [, count]) => sum + Number(count), 0)
}
