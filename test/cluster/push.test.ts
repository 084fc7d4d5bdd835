import { and, eq, sql } from 'drizzle-orm'
import t from '../support/tap.ts'
import { jobs, pushMarks } from '../../src/store/schema.ts'
import { connectRealtime } from '../support/clients/realtime.ts'
import { USER_TOKENS } from '../support/data/api-clients.ts'
import { textAt } from '../support/data/json.ts'
import { type AppUser, makeChat, makeUser } from '../support/data/v1-chats.ts'
import { eventually } from '../support/deadline.ts'
import { onServices } from '../support/servers/deployments.ts'
import { WebPushService } from '../support/servers/push-services.ts'

const [MEMBERS, POSTS] = [12, 40]
const HOUR_MS = 3_600_000

t.setTimeout(300_000)

await onServices(t, async (t, cluster) => {
  const service = await WebPushService.start(t, textAt((await cluster.get('/v1/push')).body, 'vapid_public_key'))
  const addBrowser = async ({ id, token }: AppUser) => {
    const body = { kind: 'web', ...service.subscribe(id) }
    const { status, text } = await cluster.call('PUT', '/v1/me/devices/x', { bearer: token, body })
    if (status !== 204) throw new Error(text)
  }
  const isOfPush = sql`${jobs.kind} in ('push', 'push-send')`
  const pending = () => cluster.orm.select().from(jobs).where(isOfPush)
  const ann = await makeUser(cluster, 'ann')

  await t.test('by way of three replicas a device is told no message twice, and the last one', async (t) => {
    const members = await Promise.all(Array.from({ length: MEMBERS }, () => makeUser(cluster, 'member')))
    for (const member of members) await addBrowser(member)
    const chat = await makeChat(cluster, [ann, ...members])
    let last = 0
    for (let round = 0; round < POSTS; round += 4) {
      const seqs = await Promise.all([0, 1, 2, 3].map((index) => chat.post(ann, `message ${String(round + index)}`)))
      last = Math.max(...seqs)
      // A replica that is asked to stop leaves its jobs to the others.
      if (round === POSTS / 2) await cluster.restart(2)
    }
    for (const { id } of members) {
      t.ok(await eventually(async () => service.of(id).includes(`message ${String(last)}`), 30_000))
      t.equal(new Set(service.of(id)).size, service.of(id).length, `${id} is told none twice`)
    }
    t.ok(await eventually(async () => (await pending()).length === 0))
    const before = service.pushes.length

    // As if a replica had died before it noted that it had decided.
    await cluster.orm.insert(jobs).values({ kind: 'push', payload: { chat: chat.chatId, from: 1, to: last } })
    await chat.post(members[0] ?? ann, 'something else')
    t.ok(await eventually(async () => service.of(ann.id).length === 0 && (await pending()).length === 0))
    t.strictSame(
      service.pushes.slice(before).filter(({ content }) => JSON.stringify(content).includes(`"seq":${String(last)},`))
        .filter(({ content }) => textAt(content, 'type') === 'message'), [], 'nobody is told twice'
    )
    t.strictSame(service.faults, [])
  })

  await t.test('a user who is online somewhere is told later, and not of what is read by then', async (t) => {
    const bob = await makeUser(cluster, 'bob')
    await addBrowser(bob)
    const chat = await makeChat(cluster, [ann, bob])
    const socket = await connectRealtime(t, cluster.replica(1), bob.token)
    for (const { app: { presence } } of cluster.replicas)
      t.ok(await eventually(async () => (await presence.findOnline([bob.userId])).has(bob.userId)))
    const seq = await chat.post(ann, 'Hello')
    t.ok(await eventually(async () => {
      const [mark] = await cluster.orm.select().from(pushMarks)
        .where(and(eq(pushMarks.chatId, chat.chatId), eq(pushMarks.userId, bob.userId)))
      return mark !== undefined && mark.dueAt.getTime() > Date.now() + HOUR_MS / 2
    }), 'the notification waits')
    t.ok(await eventually(async () => (await pending()).every(({ kind }) => kind === 'push-send')))
    await chat.call(bob, 'PUT', '/read', { body: { seq } })
    await cluster.orm.update(jobs).set({ dueAt: sql`now()` }).where(isOfPush)
    t.ok(await eventually(async () => (await pending()).length === 0))
    t.strictSame(service.of(bob.id), [], 'nothing is told')
    await socket.close()
  })
}, {
  environment: {
    ...USER_TOKENS, WEBHOOK_PRIVATE_ADDRESSES: 'on', PUSH_INTERVAL: '1ms', PUSH_ONLINE_DELAY: '1h', PRESENCE: 'on'
  },
  inspectable: true,
  isEmpty: true
})
