/** What a large group costs: posts to some of its members, while others come and go. */
import { Agent, request } from 'node:http'
import type postgres from 'postgres'
import type { Chat, Member } from '../lab/population.ts'
import type { Deployment } from '../lab/servers.ts'
import { Load } from '../load/load.ts'
import type { Plan } from '../load/plan.ts'
import { withSql } from './events.ts'
import { describe, measureSpan, planFor, withDeployment, type Place, type Scenario } from './scenario.ts'

const [MEMBERS, CONNECTED, REPLICAS, IN_FLIGHT] = [10_000, 1_000, 2, 8]
/** Members without a socket that leave and join again, one after the other. */
const [COMING, CHANGES_IN_FLIGHT] = [1_000, 2]

/** Makes the first chat a channel of all users. */
async function gather (sql: postgres.Sql): Promise<void> {
  await sql`update chats set type = 'channel', name = 'crowd', user_low = -1, user_high = 0 where id = 1`
  await sql`insert into participants (chat_id, user_id) select 1, id from users on conflict do nothing`
  await sql`update chat_heads set member_count = ${MEMBERS} where chat_id = 1`
  await sql.unsafe('analyze')
}

/** The plan with all sockets in the first chat, one of which posts. */
function inOneChat (deployment: Deployment, chats: Chat[]): Plan {
  const places = Array.from({ length: CONNECTED }, (_, index): Place => ({
    chat: Math.floor(index / 2),
    member: index % 2 === 0 ? 0 : 1,
    replica: index % REPLICAS,
    posts: index === 0,
    paces: index === 0
  }))
  const plan = planFor(deployment, chats, places, { kind: 'window', size: IN_FLIGHT })
  return { ...plan, chats: 1, seats: plan.seats.map((seat) => ({ ...seat, chat: 0, chatID: 1 })) }
}

async function act (port: number, agent: Agent, { token }: Member, action: 'join' | 'leave'): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  await new Promise<void>((resolve, reject) => {
    request({ port, agent, path: `/v1/chats/cf~1:${action}`, method: 'POST', headers }, (response) => {
      response.resume().once('end', () => {
        if (response.statusCode === 200) resolve()
        else reject(new Error(`${action} was answered ${String(response.statusCode)}`))
      })
    }).once('error', reject).end('{}')
  })
}

/** Members who leave and join again until they are stopped. */
class Churn {
  /** Number of changes so far. */
  changes = 0
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CHANGES_IN_FLIGHT })
  readonly #running: Promise<void>
  #isOver = false

  constructor ({ replicas }: Deployment, members: readonly Member[]) {
    const ports = replicas.map(({ port }) => port)
    this.#running = this.#run(members, ports)
    // Its error is thrown by the stop.
    this.#running.catch(() => undefined)
  }

  async stop (): Promise<void> {
    this.#isOver = true
    await this.#running
    this.#agent.destroy()
  }

  async #run (members: readonly Member[], ports: readonly number[]): Promise<void> {
    await Promise.all(Array.from({ length: CHANGES_IN_FLIGHT }, async (_, lane) => {
      const own = members.filter((_member, index) => index % CHANGES_IN_FLIGHT === lane)
      for (let next = 0; !this.#isOver; next = (next + 1) % own.length) {
        const [member, port] = [own[next], ports[lane % ports.length]]
        if (member === undefined || port === undefined) throw new Error('there are no members to come and go')
        await act(port, this.#agent, member, 'leave')
        await act(port, this.#agent, member, 'join')
        this.changes += 2
      }
    }))
  }
}

/** The scenario. */
export const groupScenario: Scenario = {
  name: 'group-10k',
  group: 'group-10k',
  servers: ['confab'],
  measure: async (lab, server, settings) => await withDeployment(lab, server, REPLICAS, async (deployment) => {
    const chats = await deployment.populate(MEMBERS / 2, 0)
    await withSql(deployment, gather)
    const load = new Load(inOneChat(deployment, chats), settings.threads)
    let churn: Churn | undefined
    try {
      await load.connect()
      churn = new Churn(deployment, chats.flatMap(({ members }) => members).slice(-COMING))
      const before = churn.changes
      const span = await measureSpan(deployment, load, settings)
      const made = churn.changes - before
      await churn.stop()
      const verdict = await load.finish()
      return [{
        title: `group-10k: ${CONNECTED.toLocaleString('en')} of ${MEMBERS.toLocaleString('en')} members connected, ` +
          'others join and leave',
        unit: 'deliveries per CPU-second',
        value: span.deliveries / span.cpuSeconds,
        verdict,
        detail: `${describe(span)}, ${String(made)} joins and leaves`
      }]
    } finally {
      await churn?.stop().catch(() => undefined)
      await load.close()
    }
  })
}
