import { eq, sql } from 'drizzle-orm'
import t from '../../support/tap.ts'
import { jobs, messages, webhookDeliveries } from '../../../src/store/schema.ts'
import { newKey, USER_TOKENS } from '../../support/data/api-clients.ts'
import { at, listAt, textAt } from '../../support/data/json.ts'
import { expectProblem } from '../../support/data/problems.ts'
import { makeChat, makeUser } from '../../support/data/v1-chats.ts'
import { WebhookInbox } from '../../support/data/webhook-inbox.ts'
import { eventually } from '../../support/deadline.ts'
import { onEachDeployment } from '../../support/servers/deployments.ts'

const HOUR = 3_600_000
const MESSAGES = ['message.created', 'message.edited', 'message.deleted', 'reaction.added']
const environment = { ...USER_TOKENS, WEBHOOK_PRIVATE_ADDRESSES: 'on' }

t.setTimeout(300_000)

await onEachDeployment(t, async (t, cluster) => {
  const key = await newKey(cluster, 'webhooks:write', 'chats:write')
  const ann = await makeUser(cluster, 'ann')
  const bob = await makeUser(cluster, 'bob')
  const open = async (more: object = { events: MESSAGES }) => {
    const inbox = await WebhookInbox.open(t)
    const made = await key.call('POST', '/webhooks', { url: inbox.url, ...more })
    return { inbox, id: inbox.trust(made.body) }
  }
  const close = (id: string) => key.call('DELETE', `/webhooks/${id}`)
  const deliveriesOf = async (id: string, query = '') =>
    listAt((await key.call('GET', `/webhooks/${id}/deliveries${query}`)).body, 'items')
  const elsewhere = await makeChat(cluster, [ann])
  /** Lets time go by for the jobs of a webhook, and has the replicas look for them: something else happened. */
  const elapse = async (id: string, ms: number) => {
    const earlier = sql`- ${ms}::float8 * interval '1 millisecond'`
    await cluster.orm.update(jobs).set({ dueAt: sql`${jobs.dueAt} ${earlier}` }).where(eq(jobs.target, id))
    await elsewhere.post(ann, 'something else')
  }
  const jobOf = async (id: string, { chatId }: { chatId: number }) =>
    (await cluster.orm.select().from(jobs).where(eq(jobs.target, id)))
      .find(({ payload }) => payload['chat'] === chatId)

  await t.test('every event of every chat arrives, once and in order, as it is in the log', async (t) => {
    const { inbox, id } = await open({})
    const chats = await Promise.all([1, 2, 3].map(() => makeChat(cluster, [ann, bob])))
    for (let round = 0; round < 10; round++)
      await Promise.all(chats.map((chat) => chat.post(round % 2 === 0 ? ann : bob, `message ${String(round)}`)))
    const [first] = chats
    if (first === undefined) throw new Error('There is no chat.')
    await first.call(bob, 'PUT', '/messages/1/reactions/👍')
    await first.call(ann, 'PATCH', '/messages/1', { body: { text: 'changed' } })
    for (const chat of chats) {
      const count = chat === first ? 12 : 10
      t.ok(await inbox.until(() => inbox.accepted(chat.id).length >= count), 'all arrive')
      const all = Array.from({ length: count }, (_, index) => index + 1)
      t.strictSame(inbox.accepted(chat.id).map(({ seq }) => seq), all)
    }
    const events = listAt((await first.call(ann, 'GET', '/events?after=0')).body, 'items')
    const bodies = inbox.receiver.requests.map(({ body }) => at(JSON.parse(body), 'data'))
    t.strictSame(
      bodies.filter((data) => at(data, 'chat') === first.id && Number(at(data, 'seq')) > 10), events.slice(10)
    )
    const listed = await deliveriesOf(id, '?limit=200&status=delivered')
    t.match(listed.find((item) => at(item, 'chat') === first.id && at(item, 'seq') === 12), {
      id: /^msg_[0-9a-f]{32}$/, type: 'message.edited', user: null, pos: null, attempts: 1, next_attempt_at: null,
      answer: { status: 204, body: null }, error: null
    })
    await close(id)
  })

  await t.test('a webhook gets the types that it asked for, and nothing from before it was made', async (t) => {
    const chat = await makeChat(cluster, [ann, bob])
    await chat.post(ann, 'before')
    const reactions = await open({ events: ['reaction.added'] })
    const direct = await open({ chat_types: ['direct'] })
    const all = await open()
    await chat.post(ann, 'after')
    await chat.call(bob, 'PUT', '/messages/1/reactions/👍')
    t.ok(await all.inbox.until(() => all.inbox.accepted(chat.id).length === 2))
    t.strictSame(all.inbox.accepted(chat.id).map(({ seq }) => seq), [2, 3])
    t.ok(await reactions.inbox.until(() => reactions.inbox.accepted(chat.id).length === 1))
    t.strictSame(reactions.inbox.arrivals.map(({ type }) => type), ['reaction.added'])
    t.strictSame(direct.inbox.arrivals, [])
    for (const { id } of [reactions, direct, all]) await close(id)
  })

  await t.test('feeds of users arrive, too', async (t) => {
    const { inbox, id } = await open({ events: ['chat.added', 'mention.received'] })
    const made = await cluster.call('POST', '/v1/chats', {
      bearer: ann.token, body: { type: 'group', name: 'x', members: [{ user: bob.id }] }
    })
    t.equal(made.status, 201, made.text)
    const chat = textAt(made.body, 'chat', 'id')
    t.ok(await inbox.until(() => inbox.arrivals.filter(({ type }) => type === 'chat.added').length >= 2))
    const bodies = inbox.receiver.requests.map(({ body }) => at(JSON.parse(body), 'data'))
    t.match(bodies.find((data) => at(data, 'user') === bob.id), {
      type: 'chat.added', chat, pos: Number, data: { role: 'member' }
    })
    await close(id)
  })

  await t.test('a receiver that fails gets the event again, in order, while other chats go on', async (t) => {
    const { inbox, id } = await open()
    const [stuck, free] = [await makeChat(cluster, [ann, bob]), await makeChat(cluster, [ann, bob])]
    inbox.answer = ({ body }, response) => {
      const isStuck = at(JSON.parse(body), 'data', 'chat') === stuck.id
      response.writeHead(isStuck ? 503 : 200).end(isStuck ? 'later' : '')
    }
    await stuck.post(ann, 'one')
    t.ok(await inbox.until(() => inbox.arrivals.some(({ chat }) => chat === stuck.id)))
    await stuck.post(ann, 'two')
    await free.post(ann, 'three')
    t.ok(await inbox.until(() => inbox.accepted(free.id).length === 1), 'another chat does not wait')
    t.ok(await eventually(async () => (await deliveriesOf(id, '?status=waiting')).length === 1))
    t.match((await deliveriesOf(id, '?status=waiting'))[0], {
      chat: stuck.id, seq: 1, attempts: 1, answer: { status: 503 }, next_attempt_at: /Z$/
    })
    t.ok(await eventually(async () => (await jobOf(id, stuck))?.reason != null))
    const due = Number((await jobOf(id, stuck))?.dueAt) - Date.now()
    t.ok(due > 0 && due <= 5_000, `the next attempt is in ${String(due)} ms`)
    inbox.recover()
    await elapse(id, HOUR)
    t.ok(await inbox.until(() => inbox.accepted(stuck.id).length === 2))
    t.strictSame(inbox.accepted(stuck.id).map(({ text }) => text), ['one', 'two'])
    const tries = inbox.arrivals.filter(({ chat, seq }) => chat === stuck.id && seq === 1)
    t.equal(new Set(tries.map(({ id }) => id)).size, 1, 'its id stays the same')
    await close(id)
  })

  await t.test('after three days an event is dead and listed, the next one follows, and replay sends it', async (t) => {
    const { inbox, id } = await open()
    const chat = await makeChat(cluster, [ann])
    const of = () => inbox.arrivals.filter((one) => one.chat === chat.id)
    inbox.answer = (request, response) => {
      response.writeHead(request.body.includes(chat.id) ? 500 : 204).end('broken')
    }
    await chat.post(ann, 'lost')
    const pauses: number[] = []
    for (let attempt = 1; attempt <= 10; attempt++) {
      t.ok(await inbox.until(() => of().length === attempt), `attempt ${String(attempt)}`)
      if (attempt === 10) break
      t.ok(await eventually(async () => at((await jobOf(id, chat))?.payload, 'tries') === attempt))
      pauses.push(Math.round((Number((await jobOf(id, chat))?.dueAt) - Date.now()) / 1_000))
      await elapse(id, 25 * HOUR)
    }
    const expected = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]
    t.ok(pauses.every((pause, index) => Math.abs(pause - Number(expected[index])) <= 5), pauses.join())
    t.ok(await eventually(async () => (await deliveriesOf(id, '?status=dead')).length === 1))
    t.match((await deliveriesOf(id, '?status=dead'))[0], {
      seq: 1, attempts: 10, answer: { status: 500, body: null }, error: null
    })
    inbox.recover()
    await chat.post(ann, 'next')
    t.ok(await inbox.until(() => inbox.accepted(chat.id).length === 1))
    t.strictSame(inbox.accepted(chat.id).map(({ text }) => text), ['next'])

    const replay = async (body: object) => key.call('POST', `/webhooks/${id}/deliveries:replay`, body)
    t.strictSame((await replay({ status: 'dead' })).body, { replayed: 1 })
    t.ok(await inbox.until(() => inbox.accepted(chat.id).length === 2))
    t.equal(of()[0]?.id, of().at(-1)?.id)
    t.ok(await eventually(async () => (await deliveriesOf(id, '?status=dead')).length === 0))
    const [newest, oldest] = await deliveriesOf(id)
    t.strictSame((await replay({ ids: [at(oldest, 'id'), at(newest, 'id')] })).body, { replayed: 2 })
    t.strictSame((await replay({ since: new Date(Date.now() + HOUR).toISOString() })).body, { replayed: 0 })
    expectProblem(t, await replay({}), 400, 'invalid_input')
    expectProblem(t, await replay({ status: 'lost' }), 400, 'invalid_input')
    await close(id)
    expectProblem(t, await replay({ status: 'dead' }), 404, 'unknown_webhook')
    t.strictSame(await cluster.orm.select().from(webhookDeliveries).where(eq(webhookDeliveries.webhookId, id)), [])
  })

  await t.test('410 switches a webhook off, and Retry-After is obeyed', async (t) => {
    const { inbox, id } = await open()
    const chat = await makeChat(cluster, [ann])
    inbox.answer = (_request, response) => void response.writeHead(429, { 'retry-after': '3600' }).end()
    await chat.post(ann, 'slowly')
    t.ok(await eventually(async () => (await jobOf(id, chat))?.reason != null))
    const dueS = (Number((await jobOf(id, chat))?.dueAt) - Date.now()) / 1_000
    t.ok(dueS > 3_500 && dueS < 3_700, `the next attempt is in ${String(dueS)} s`)
    inbox.answer = (_request, response) => void response.writeHead(410).end()
    await elapse(id, 2 * HOUR)
    t.ok(await eventually(async () => at((await key.call('GET', `/webhooks/${id}`)).body, 'enabled') === false))
    t.match((await key.call('GET', `/webhooks/${id}`)).body, { disabled_reason: 'gone' })
    await close(id)
  })

  await t.test('what was erased before an attempt is not sent', async (t) => {
    const { inbox, id } = await open()
    const chat = await makeChat(cluster, [ann])
    inbox.answer = (_request, response) => void response.writeHead(500).end()
    const seq = await chat.post(ann, 'a secret')
    t.ok(await eventually(async () => (await jobOf(id, chat))?.reason != null))
    await chat.call(ann, 'DELETE', `/messages/${String(seq)}`)
    inbox.recover()
    const before = inbox.receiver.requests.length
    await elapse(id, HOUR)
    t.ok(await inbox.until(() => inbox.accepted(chat.id).length === 2))
    t.notMatch(inbox.receiver.requests.slice(before).map(({ body }) => body).join(), /a secret/)
    await close(id)
  })

  await t.test('what a dead replica has not handed on is found; without webhooks nothing is written', async (t) => {
    const { inbox, id } = await open()
    const chat = await makeChat(cluster, [ann])
    await chat.post(ann, 'noted')
    t.ok(await inbox.until(() => inbox.accepted(chat.id).length === 1))
    // As if by a replica that ended after its commit.
    await cluster.orm.execute(sql`insert into messages (chat_id, seq, author_id, body, post_key, created_at)
      select chat_id, 2, author_id, 'silent', 'silent', now() from ${messages} where chat_id = ${chat.chatId}`)
    await cluster.orm.execute(sql`update chat_heads set last_seq = 2 where chat_id = ${chat.chatId}`)
    await cluster.orm.execute(sql`update following set swept_at = now() - interval '1 hour'`)
    t.ok(await inbox.until(() => inbox.accepted(chat.id).length === 2))
    await close(id)
    const positions = async () => cluster.orm.execute(sql`select * from followed_chats order by chat_id`)
    const before = JSON.stringify(await positions())
    await chat.post(ann, 'nobody follows')
    t.equal(JSON.stringify(await positions()), before)
  })
}, { environment, inspectable: true })
