/** What events that are no posts cost: edits beside posts, many reactions to one message, and a replay with both. */
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import postgres from 'postgres'
import { WebSocket } from 'ws'
import type { Chat, Member } from '../lab/population.ts'
import type { Deployment } from '../lab/servers.ts'
import { Load } from '../load/load.ts'
import { describe, measureSpan, planFor, withDeployment, type Place, type Scenario } from './scenario.ts'
import { manyPlaces } from './throughput.ts'

const MANY_CHATS = 500
/** One event in ten is an edit. */
const POSTS_PER_EDIT = 9
const [EDITORS, EDIT_INTERVAL_MS, EDITABLE] = [10, 5, 10]
const [REACTING_USERS, REACTIONS_IN_FLIGHT] = [1_000, 32]
const [REPLAY_SOCKETS, STORED, MISSED, EVENT_EVERY] = [2_000, 100, 50, 3]

/** Runs `use` on the database of a deployment. */
export async function withSql<Result> (
  deployment: Deployment, use: (sql: postgres.Sql) => Promise<Result>
): Promise<Result> {
  const sql = postgres(deployment.databaseUrl, { max: 1, onnotice: () => undefined })
  try {
    return await use(sql)
  } finally {
    await sql.end()
  }
}

function portOf ({ replicas: [replica] }: Deployment): number {
  if (replica === undefined) throw new Error('there is no replica')
  return replica.port
}

/** A socket that edits messages of one chat in turn. */
interface Editor { edit: () => void, close: () => void }

async function openEditor (deployment: Deployment, { chatID, members: [{ token }] }: Chat): Promise<Editor> {
  const ids = await withSql(deployment, async (sql) =>
    await sql<{ id: string }[]>`select id from messages where chat_id = ${chatID} and author_id = 2 * ${chatID} - 1`)
  const socket = new WebSocket(`ws://127.0.0.1:${String(portOf(deployment))}/ws`)
  await once(socket, 'open')
  socket.on('message', () => undefined)
  socket.send(JSON.stringify({ type: 'auth', token }))
  let edits = 0
  return {
    edit: () => {
      const messageID = Number(ids[edits % ids.length]?.id)
      const text = `edit ${String(edits++)}${'.'.repeat(48)}`
      socket.send(JSON.stringify({ type: 'edit_msg', chatID, messageID, text }))
    },
    close: () => socket.terminate()
  }
}

const edits: Scenario = {
  name: 'edits',
  group: 'edits',
  servers: ['confab'],
  measure: async (lab, server, settings) => await withDeployment(lab, server, 1, async (deployment) => {
    const chats = await deployment.populate(MANY_CHATS, EDITABLE)
    const load = new Load(
      planFor(deployment, chats, manyPlaces(() => 0), { kind: 'window', size: 1 }), settings.threads
    )
    const editors = await Promise.all(chats.slice(0, EDITORS).map(async (chat) => await openEditor(deployment, chat)))
    let [sent, isOver] = [0, false]
    const editing = (async () => {
      const start = load.totals().echoes
      while (!isOver) {
        const due = (load.totals().echoes - start) / POSTS_PER_EDIT
        for (; sent < due; sent++) editors[sent % EDITORS]?.edit()
        await delay(EDIT_INTERVAL_MS)
      }
    })()
    try {
      await load.connect()
      const before = sent
      const span = await measureSpan(deployment, load, settings)
      const made = sent - before
      isOver = true
      await editing
      const verdict = await load.finish()
      return [{
        title: 'edits: many, and one event in ten is an edit',
        unit: 'durable posts per CPU-second',
        value: span.echoes / span.cpuSeconds,
        verdict,
        detail: `${describe(span)}, ${String(made)} edits`
      }]
    } finally {
      isOver = true
      for (const editor of editors) editor.close()
      await load.close()
    }
  })
}

async function react (port: number, agent: Agent, { token }: Member, emoji: string): Promise<void> {
  const path = `/v1/chats/cf~1/messages/1/reactions/${encodeURIComponent(emoji)}`
  const headers = { authorization: `Bearer ${token}` }
  await new Promise<void>((resolve, reject) => {
    request({ port, agent, path, method: 'PUT', headers }, (response) => {
      response.resume().once('end', () => {
        if (response.statusCode === 200) resolve()
        else reject(new Error(`a reaction was answered ${String(response.statusCode)}`))
      })
    }).once('error', reject).end()
  })
}

const reactions: Scenario = {
  name: 'reactions',
  group: 'reactions',
  servers: ['confab'],
  measure: async (lab, server) => await withDeployment(lab, server, 1, async (deployment) => {
    const chats = await deployment.populate(REACTING_USERS / 2, 1)
    await withSql(deployment, async (sql) => {
      await sql`update chats set type = 'group', name = 'crowd', user_low = -1, user_high = 0 where id = 1`
      await sql`insert into participants (chat_id, user_id) select 1, id from users on conflict do nothing`
    })
    const users = chats.flatMap(({ members }) => members)
    const agent = new Agent({ keepAlive: true, maxSockets: REACTIONS_IN_FLIGHT })
    const [cpuBefore, startedAt] = [deployment.cpuSeconds(), performance.now()]
    const port = portOf(deployment)
    await Promise.all(users.map(async (user, index) => await react(port, agent, user, index % 2 === 0 ? '👍' : '🎉')))
    const [cpu, seconds] = [deployment.cpuSeconds() - cpuBefore, (performance.now() - startedAt) / 1_000]
    agent.destroy()
    const [counted] = await withSql(deployment, async (sql) =>
      await sql<{ sum: string }[]>`select sum(count) as sum from reaction_counts where chat_id = 1`)
    if (Number(counted?.sum) !== users.length) throw new Error(`${String(counted?.sum)} reactions are counted`)
    return [{
      title: `reactions: ${users.length.toLocaleString('en')} users react to one message`,
      unit: 'reactions per CPU-second',
      value: users.length / cpu,
      detail: `${seconds.toFixed(2)} s, ${cpu.toFixed(2)} CPU-seconds of the server`
    }]
  })
}

/** Turns every third message of each chat into an edit of, or a reaction to, the one before it. */
async function mixEvents (sql: postgres.Sql): Promise<void> {
  await sql`delete from messages where seq % ${EVENT_EVERY} = 0`
  await sql`
    insert into chat_events (chat_id, seq, kind, actor_id, target_seq, data)
    select chat_id, seq + 1, case seq % 2 when 0 then 'message.edited' else 'reaction.added' end, author_id, seq,
      case seq % 2 when 1 then '{"emoji": "+1"}'::jsonb end
    from messages where seq % ${EVENT_EVERY} = ${EVENT_EVERY - 1}`
  await sql`
    update messages set version = 2, edited_at = now() from chat_events e
    where e.chat_id = messages.chat_id and e.target_seq = messages.seq and e.kind = 'message.edited'`
  await sql`
    update messages set extra = '{"marks": true}' from chat_events e
    where e.chat_id = messages.chat_id and e.target_seq = messages.seq and e.kind = 'reaction.added'`
  await sql`
    insert into reaction_counts (chat_id, seq, emoji, count, first_seq)
    select chat_id, target_seq, '+1', 1, seq from chat_events where kind = 'reaction.added'`
  await sql.unsafe('analyze')
}

const replayMixed: Scenario = {
  name: 'replay-mixed',
  group: 'replay-mixed',
  servers: ['confab'],
  measure: async (lab, server, settings) => await withDeployment(lab, server, 1, async (deployment) => {
    const chats = await deployment.populate(REPLAY_SOCKETS / 2, STORED)
    await withSql(deployment, mixEvents)
    const places = Array.from({ length: REPLAY_SOCKETS }, (_, index): Place => ({
      chat: Math.floor(index / 2), member: index % 2 === 0 ? 0 : 1, replica: 0
    }))
    const plan = planFor(deployment, chats, places, { kind: 'silent' })
    const load = new Load({ ...plan, resumeAfter: STORED - MISSED }, settings.threads)
    const missedEvents = Math.floor(STORED / EVENT_EVERY) - Math.floor((STORED - MISSED) / EVENT_EVERY)
    try {
      await load.connect()
      const cpuBefore = deployment.cpuSeconds()
      const seconds = await load.reconnect()
      const cpu = deployment.cpuSeconds() - cpuBefore
      const verdict = load.verdict()
      return [{
        title: `replay-mixed: ${REPLAY_SOCKETS.toLocaleString('en')} sockets, ${String(MISSED)} events missed each, ` +
          `${String(missedEvents)} of them no messages`,
        unit: 's until all have their replay',
        value: seconds,
        verdict: {
          ...verdict,
          lost: REPLAY_SOCKETS * (MISSED - missedEvents) - verdict.deliveries + verdict.duplicates
        },
        detail: `${cpu.toFixed(2)} CPU-seconds of the server`
      }]
    } finally {
      await load.close()
    }
  })
}

export const eventScenarios: Scenario[] = [edits, reactions, replayMixed]
