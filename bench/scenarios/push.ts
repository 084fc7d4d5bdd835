/**
 * What notifications cost. Posts to many small chats while nobody or everybody has a device, and one message to a
 * channel of 100,000 members with devices: how long it takes until it is decided who is told and each device has its
 * job. Nothing is sent: all are online, or were told of the chat a moment before. Confab only.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type postgres from 'postgres'
import type { Member } from '../lab/population.ts'
import type { Deployment } from '../lab/servers.ts'
import { Load } from '../load/load.ts'
import { withSql } from './events.ts'
import { describe, type Figure, measureSpan, planFor, type Scenario, withDeployment } from './scenario.ts'
import { MANY_CHATS, manyPlaces } from './throughput.ts'

/** Whoever is online gets so long to read: longer than a run. */
const ENVIRONMENT = { PUSH_ONLINE_DELAY: '1h' }
const [MEMBERS, MESSAGES] = [100_000, 3]
const [POLL_MS, TIMEOUT_MS, MIB] = [250, 300_000, 1_024]
const [CROWD, ASIDE] = [0, 1]

/** Gives every user a browser. */
async function addDevices (sql: postgres.Sql): Promise<void> {
  const address = JSON.stringify({ kind: 'web', endpoint: 'https://push.example.org/', keys: { p256dh: '', auth: '' } })
  await sql`alter table push_devices disable trigger user`
  await sql`insert into push_devices (user_id, device_id, kind, service, address, address_hash)
    select id, 'browser', 'web', 'web-other', ${address}::text::jsonb, id::text from users`
  await sql`alter table push_devices enable trigger user`
  await sql`insert into notification_settings (user_id, devices) select id, 1 from users`
  await sql.unsafe('analyze')
}

function manyScenario (state: 'off' | 'on'): Scenario {
  return {
    name: `push-${state}`,
    group: 'push',
    servers: ['confab'],
    measure: async (lab, server, settings) => await withDeployment(lab, server, 1, async (deployment) => {
      const chats = await deployment.populate(MANY_CHATS)
      if (state === 'on') await withSql(deployment, addDevices)
      const plan = planFor(deployment, chats, manyPlaces(() => 0), { kind: 'window', size: 1 })
      const load = new Load(plan, settings.threads)
      try {
        await load.connect()
        const span = await measureSpan(deployment, load, settings)
        const verdict = await load.finish()
        return [{
          title: `many: 500 chats × 2, ${state === 'on' ? 'everybody has a device' : 'nobody has a device'}`,
          unit: 'durable posts per CPU-second',
          value: span.echoes / span.cpuSeconds,
          verdict,
          detail: describe(span)
        }]
      } finally {
        await load.close()
      }
    }, ENVIRONMENT)
  }
}

/** Makes the first chat a channel of all users, of which they were told a moment before. */
async function gather (sql: postgres.Sql): Promise<void> {
  await sql`update chats set type = 'channel', name = 'crowd', user_low = -1, user_high = 0 where id = 1`
  // What is noted for feeds takes minutes for so many at once; members come in requests of at most 10,000.
  await sql`alter table participants disable trigger user`
  await sql`insert into participants (chat_id, user_id) select 1, id from users on conflict do nothing`
  await sql`update participants set role = 'owner' where chat_id = 1 and user_id = 1`
  await sql`alter table participants enable trigger user`
  await sql`update chat_heads set member_count = ${MEMBERS} where chat_id = 1`
  await sql`insert into push_marks (chat_id, user_id, seq, due_at)
    select 1, id, 0, now() + interval '1 hour' from users`
  await addDevices(sql)
}

async function post (deployment: Deployment, chat: number, { token }: Member): Promise<number> {
  const port = deployment.replicas[0]?.port ?? 0
  const startedAt = performance.now()
  const answer = await fetch(`http://127.0.0.1:${String(port)}/v1/chats/cf~${String(chat)}/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ text: 'A message to everybody.' })
  })
  if (answer.status !== 201) throw new Error(`the post was answered ${String(answer.status)} ${await answer.text()}`)
  await answer.body?.cancel()
  return performance.now() - startedAt
}

/** Whether it is decided for the last member, and so for all. To ask costs two look-ups. */
async function isDecided (sql: postgres.Sql, seq: number): Promise<boolean> {
  const [row] = await sql<{ isDecided: boolean }[]>`
    select exists (select from push_marks where chat_id = 1 and user_id = ${MEMBERS} and seq = ${seq})
      and not exists (select from jobs where kind = 'push' and target = '' and key = 'chat 1' and failed_at is null)
      as "isDecided"`
  return row?.isDecided === true
}

/** Checks that each device has its job about this message. */
async function check (sql: postgres.Sql, seq: number): Promise<void> {
  const [row] = await sql<{ marks: number, jobs: number }[]>`
    select (select count(*) from push_marks where chat_id = 1 and seq = ${seq})::integer as marks,
      (select count(*) from jobs where kind = 'push-send' and payload ->> 'chat' = '1')::integer as jobs`
  if (row?.marks !== MEMBERS - 1 || row.jobs !== MEMBERS - 1)
    throw new Error(`${String(row?.marks)} users and ${String(row?.jobs)} devices are to be told`)
}

/** Posts a message to the crowd, and others aside until all devices have their jobs. */
async function announce (
  deployment: Deployment, sql: postgres.Sql, members: { author: Member, aside: Member }, seq: number
): Promise<Figure[]> {
  const title = `push: a message to ${MEMBERS.toLocaleString('en')} members with a device` +
    (seq === 1 ? '' : ', again while they wait')
  const [startedAt, cpuSeconds, memory] = [performance.now(), deployment.cpuSeconds(), deployment.residentKiB()]
  await post(deployment, CROWD + 1, members.author)
  let [slowest, peak] = [0, memory]
  while (!await isDecided(sql, seq)) {
    if (performance.now() - startedAt > TIMEOUT_MS) throw new Error('not every device has a job')
    slowest = Math.max(slowest, await post(deployment, ASIDE + 1, members.aside))
    peak = Math.max(peak, deployment.residentKiB())
    await delay(POLL_MS)
  }
  const seconds = (performance.now() - startedAt) / 1_000
  const figures: Figure[] = [
    { title, unit: 'seconds until each has its job', value: seconds },
    { title, unit: 'CPU-seconds of the server', value: deployment.cpuSeconds() - cpuSeconds },
    { title, unit: 'MiB more at most', value: (peak - memory) / MIB },
    { title, unit: 'ms of the slowest post elsewhere meanwhile', value: slowest }
  ]
  await check(sql, seq)
  return figures
}

const crowdScenario: Scenario = {
  name: 'push-100k',
  group: 'push-100k',
  servers: ['confab'],
  measure: async (lab, server) => await withDeployment(lab, server, 1, async (deployment) => {
    const chats = await deployment.populate(MEMBERS / 2)
    await withSql(deployment, gather)
    const [author, aside] = [chats[CROWD]?.members[0], chats[ASIDE]?.members[0]]
    if (author === undefined || aside === undefined) throw new Error('there are no members')
    return await withSql(deployment, async (sql) => {
      const figures: Figure[] = []
      for (let seq = 1; seq <= MESSAGES; seq++)
        figures.push(...await announce(deployment, sql, { author, aside }, seq))
      return figures
    })
  }, { ...ENVIRONMENT, PRESENCE: 'off' })
}

/** The scenarios. */
export const pushScenarios: Scenario[] = [manyScenario('off'), manyScenario('on'), crowdScenario]
