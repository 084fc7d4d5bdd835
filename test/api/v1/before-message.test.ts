/** The hook before a message: the application allows, denies or replaces what users write, through every face. */
import { randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from '../../support/tap.ts'
import { verifyMessageQuestion } from '../../../src/client/server/index.ts'
import type { ApiClient } from '../../support/data/api-clients.ts'
import { newKey, newUser, USER_TOKENS } from '../../support/data/api-clients.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { connectRealtime, request } from '../../support/clients/realtime.ts'
import { connect, join, openSocket } from '../../support/clients/socket.ts'
import { eventually } from '../../support/deadline.ts'
import { startChat } from '../../support/data/accounts.ts'
import { registerEmote } from '../../support/data/emotechat.ts'
import { BAD_ANSWERS, decideByText, messageIn, REASON } from '../../support/data/hook-answers.ts'
import { at, integerAt, listAt } from '../../support/data/json.ts'
import { expectProblem } from '../../support/data/problems.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { startCluster } from '../../support/servers/cluster.ts'
import { onOneDeployment, withServices } from '../../support/servers/deployments.ts'
import { isInvalidationsChannel, withFaults } from '../../support/servers/faulty-bus.ts'
import { type Receiver, startReceiver, verified } from '../../support/servers/receiver.ts'

const PATH = '/hooks/before-message'
const ENVIRONMENT = { ...USER_TOKENS, WEBHOOK_PRIVATE_ADDRESSES: 'on' }
const isKnown = (cluster: Cluster, url: string | undefined) => async () =>
  cluster.replicas.every(({ app }) => app.services.messageHook.live?.url === url)

/** Sets the hook, and waits until every replica knows. @returns its secret, if it has a new one */
async function setHook (cluster: Cluster, key: ApiClient, url: string, more: object = {}): Promise<unknown> {
  const { body, status, text } = await key.call('PUT', PATH, { url, on_failure: 'deny', timeout_ms: 3_000, ...more }, {
    replica: 0
  })
  if (status >= 300) throw new Error(text)
  const versions = () => cluster.replicas.map(({ app }) => app.services.messageHook.live?.version)
  await eventually(isKnown(cluster, url))
  await eventually(async () => new Set(versions()).size === 1)
  return at(body, 'secret')
}

async function newChat (key: ApiClient, members: readonly ApiClient[], type = 'group'): Promise<string> {
  const chat = uniqueName('chat-')
  await key.call('PUT', `/chats/${chat}`, { type, members: members.map(({ id: user }) => ({ user })) })
  return chat
}

async function textsIn (reader: ApiClient, chat: string): Promise<unknown[]> {
  return listAt((await reader.call('GET', `/chats/${chat}/messages?limit=200`)).body, 'items')
    .map((item) => at(item, 'text'))
}

async function changesSettings (t: Test, key: ApiClient, receiver: Receiver): Promise<void> {
  expectProblem(t, await key.call('GET', PATH), 404, 'unknown_hook')
  expectProblem(t, await key.call('DELETE', PATH), 404, 'unknown_hook')
  const body = { url: receiver.url, on_failure: 'allow' }
  const made = await key.call('PUT', PATH, body)
  t.equal(made.status, 201)
  t.match(made.body, { ...body, timeout_ms: 1_000, chat_types: null, secret: /^whsec_/, previous_secret_until: null })
  const again = await key.call('PUT', PATH, { ...body, timeout_ms: 50, chat_types: ['group', 'group'] })
  t.strictSame([again.status, at(again.body, 'secret'), at(again.body, 'chat_types')], [200, undefined, ['group']])
  const found = await key.call('GET', PATH)
  t.strictSame(found.body, again.body)
  const etag = found.headers.get('etag') ?? ''
  t.strictSame([made.headers.get('etag'), again.headers.get('etag'), etag], ['"1"', '"2"', '"2"'])
  const as = (version: string) => ({ headers: { 'if-match': version } })
  expectProblem(t, await key.call('PUT', PATH, body, as('"1"')), 412, 'version_conflict')
  expectProblem(t, await key.call('DELETE', PATH, undefined, as('"1"')), 412, 'version_conflict')
  t.equal((await key.call('PUT', PATH, { ...body, chat_types: ['group'] }, as(etag))).headers.get('etag'), '"3"')
  const rotated = await key.call('PUT', PATH, { ...body, rotate_secret: true })
  t.match(rotated.body, { secret: /^whsec_/, previous_secret_until: /Z$/ })
  t.not(at(rotated.body, 'secret'), at(made.body, 'secret'))
  const cases: [change: object, words: RegExp][] = [
    [{ timeout_ms: 49 }, /timeout_ms/], [{ timeout_ms: 3_001 }, /timeout_ms/], [{ timeout_ms: 1.5 }, /timeout_ms/],
    [{ on_failure: 'ask' }, /on_failure/], [{ url: 'ftp://a.example' }, /must begin with https/],
    [{ chat_types: ['nonesuch'] }, /There is no type of chats/], [{ events: [] }, /events/]
  ]
  for (const [change, words] of cases) {
    const answer = await key.call('PUT', PATH, { ...body, ...change })
    expectProblem(t, answer, 400, 'invalid_input', JSON.stringify(change))
    t.match(answer.text, words)
  }
  expectProblem(t, await key.call('PUT', PATH, { url: receiver.url }), 400, 'invalid_input', 'what if it fails?')
  const { headers } = await key.call('GET', PATH)
  t.equal((await key.call('DELETE', PATH, undefined, as(headers.get('etag') ?? ''))).status, 204)
  expectProblem(t, await key.call('GET', PATH), 404, 'unknown_hook')
  expectProblem(t, await key.call('DELETE', PATH, undefined, as('"1"')), 404, 'unknown_hook')
  expectProblem(t, await key.call('PUT', PATH, body, as('"1"')), 412, 'version_conflict', 'it is not there')
}

await onOneDeployment(t, async (t, cluster) => {
  const key = await newKey(cluster, 'webhooks:write', 'chats:write', 'messages:write')
  const [ann, bob] = [await newUser(cluster), await newUser(cluster)]
  const receiver = await startReceiver(t)
  decideByText(receiver)
  const post = (by: ApiClient, chat: string, body: object, replica = 0) =>
    by.call('POST', `/chats/${chat}/messages`, body, { replica })

  await t.test('it is set, changed and removed', async (t) => changesSettings(t, key, receiver))

  await t.test('a question is signed, and says who writes what where', async (t) => {
    const secret = String(await setHook(cluster, key, receiver.url))
    const chat = await newChat(key, [ann, bob])
    const first = await post(ann, chat, { text: 'hello', client_id: 'one' })
    t.equal(first.status, 201)
    const seq = integerAt(first.body, 'seq')
    await post(ann, chat, { text: 'again', reply_to: seq, mentions: [bob.id], data: { a: 1 } })
    await ann.call('PATCH', `/chats/${chat}/messages/${String(seq)}`, { data: { b: 2 } })
    const questions = receiver.requests.splice(0)
    const [plain, rich, edit] = questions.map((question) => verified(secret, question))
    t.strictSame(questions.map((question) => verifyMessageQuestion(secret, question)), [plain, rich, edit])
    const [question = { headers: {}, body: '' }] = questions
    t.throws(() => verifyMessageQuestion(`whsec_${'x'.repeat(32)}`, question), { code: 'invalid_signature' })
    const user = { id: ann.id, name: ann.id, avatar: null, data: {} }
    const message = {
      chat, author: ann.id, client_id: null, reply_to: null, parent: null, mentions: [], data: {}, attachments: []
    }
    t.match(plain, { type: 'message.before_create', timestamp: /Z$/ })
    t.strictSame(at(plain, 'data'), {
      message: { ...message, text: 'hello', client_id: 'one' }, chat: { id: chat, type: 'group' }, user
    })
    t.strictSame(at(rich, 'data', 'message'), {
      ...message, text: 'again', reply_to: seq, mentions: [bob.id], data: { a: 1 }
    })
    t.match(edit, { type: 'message.before_edit' })
    t.strictSame(at(edit, 'data', 'message'), {
      ...message, seq, text: 'hello', client_id: 'one', version: 1, data: { b: 2 }
    })
  })

  await t.test('REST and the socket of /v1 obey the answer, for messages and edits', async (t) => {
    const chat = await newChat(key, [ann, bob])
    const socket = await connectRealtime(t, cluster.replica(1), ann.bearer)
    const send = async (frame: object) => (await request(socket, { chat, ...frame })).answer
    for (const text of ['hello', 'rewrite', 'annotate']) t.equal((await post(ann, chat, { text })).status, 201, text)
    for (const [text, detail] of [['deny', REASON], ['deny silently', /does not accept/]] as const) {
      const refused = await post(ann, chat, { text })
      expectProblem(t, refused, 403, 'message_refused')
      t.match(at(refused.body, 'detail'), detail)
      t.match(await send({ type: 'send', client_id: uniqueName('c'), text }), {
        type: 'problem', code: 'message_refused', detail
      })
    }
    for (const text of ['hello', 'rewrite', 'annotate'])
      t.match(await send({ type: 'send', client_id: uniqueName('c'), text }), { type: 'ack' })
    const shown = ['hello', 'replaced', 'annotate']
    t.strictSame(await textsIn(bob, chat), [...shown, ...shown])
    const items = listAt((await bob.call('GET', `/chats/${chat}/messages`)).body, 'items')
    t.strictSame(items.map((item) => at(item, 'data')), [{}, {}, { checked: true }, {}, {}, { checked: true }])
    t.notMatch(JSON.stringify(items), /asked/)

    const [target] = items.map((item) => integerAt(item, 'seq'))
    const path = `/chats/${chat}/messages/${String(target)}`
    const edit = (text: string, key?: string) =>
      ann.call('PATCH', path, { text }, { ...(key !== undefined && { headers: { 'idempotency-key': key } }) })
    expectProblem(t, await edit('deny'), 403, 'message_refused')
    t.match(await send({ type: 'edit', seq: target, text: 'deny' }), { code: 'message_refused', detail: REASON })
    t.match((await edit('rewrite', 'k')).body, { message: { text: 'replaced' } })
    const asked = receiver.requests.length
    t.match((await edit('rewrite', 'k')).body, { message: { text: 'replaced' } }, 'a retry finds it')
    const keyed = (body: object, key: string) => ann.call('PATCH', path, body, { headers: { 'idempotency-key': key } })
    for (const body of [{ text: 'other' }, { text: 'replaced' }, { text: 'rewrite', data: { a: 1 } }])
      expectProblem(t, await keyed(body, 'k'), 422, 'idempotency_key_reused')
    t.equal(receiver.requests.length, asked, 'and is not asked about')
    const both = { text: 'rewrite', data: { a: 1, b: { c: 2 } } }
    t.match((await keyed(both, 'both')).body, { message: { text: 'replaced', data: { a: 1, b: { c: 2 } } } })
    t.equal((await keyed({ data: { a: null } }, 'removed')).status, 200)
    t.equal((await keyed({ data: { b: { c: 2 }, a: 1 }, text: 'rewrite' }, 'both')).status, 200, 'whatever came after')
    expectProblem(t, await keyed({ ...both, data: { a: 1 } }, 'both'), 422, 'idempotency_key_reused')
    t.equal((await keyed({ data: { b: null } }, 'emptied')).status, 200)
    t.equal((await send({ type: 'edit', seq: target, text: 'annotate' }))['type'], 'ack')
    t.match((await bob.call('GET', `/chats/${chat}/messages/${String(target)}`)).body, {
      text: 'annotate', data: { checked: true }
    })
  })

  await t.test('both dialects obey it', async (t) => {
    const { ann: one, bob: other, chatID } = await startChat(cluster)
    const [author, reader] = [
      await connect(t, cluster.replica(0), one.accessToken),
      await join(t, cluster.replica(1), other.accessToken, chatID)
    ]
    const say = async (frame: object) => {
      author.send({ ref: 'x', ...frame })
      return author.next(({ ref }) => ref === 'x')
    }
    t.match(await say({ type: 'post_msg', chatID, text: 'deny' }), {
      type: 'error', code: 'message_refused', message: REASON
    })
    t.equal((await say({ type: 'post_msg', chatID, text: 'rewrite' }))['type'], 'ack')
    const posted = await say({ type: 'post_msg', chatID, text: 'hello' })
    t.strictSame((await reader.take(2)).map(({ message }) => message), ['replaced', 'hello'])
    const messageID = integerAt(posted, 'messageID')
    t.match(await say({ type: 'edit_msg', chatID, messageID, text: 'deny' }), { code: 'message_refused' })
    t.equal((await say({ type: 'edit_msg', chatID, messageID, text: 'rewrite' }))['type'], 'ack')

    const [emma, max] = [await registerEmote(cluster), await registerEmote(cluster)]
    const open = (token: string) => openSocket(t, cluster.replica(2), '/ws/7', { cookie: `sessionId=${token}` })
    const writer = await open(emma.token)
    writer.send({ message: 'hello', receiver: max.id })
    t.match(await writer.next(), { message: 'hello' })
    const partner = await open(max.token)
    partner.send({})
    await partner.next()
    writer.send({ message: 'deny', receiver: max.id })
    t.match(await writer.next(), { type: 'error', error: REASON, code: 'message_refused' })
    writer.send({ message: 'rewrite', receiver: max.id })
    t.match(await partner.next(), { message: 'replaced' })
  })

  await t.test('without a good answer on_failure counts', async (t) => {
    const chat = await newChat(key, [ann, bob])
    for (const [onFailure, status] of [['allow', 201], ['deny', 503]] as const) {
      await setHook(cluster, key, receiver.url, { on_failure: onFailure })
      for (const text of Object.keys(BAD_ANSWERS)) {
        const answer = await post(ann, chat, { text })
        if (onFailure === 'deny') expectProblem(t, answer, 503, 'hook_failed', text)
        else t.equal(answer.status, status, text)
        // A good answer in between keeps it from being skipped.
        t.equal((await post(ann, chat, { text: 'hello' })).status, 201)
      }
    }
    const { answer } = receiver
    receiver.answer = () => undefined
    await setHook(cluster, key, receiver.url, { on_failure: 'deny', timeout_ms: 100 })
    expectProblem(t, await post(ann, chat, { text: 'late' }), 503, 'hook_failed', 'no answer in time')
    await setHook(cluster, key, receiver.url, { on_failure: 'allow', timeout_ms: 100 })
    t.equal((await post(ann, chat, { text: 'late' })).status, 201)
    receiver.answer = answer
    await setHook(cluster, key, 'http://127.0.0.1:1', { on_failure: 'allow' })
    t.equal((await post(ann, chat, { text: 'unheard' })).status, 201)
  })

  await t.test('a retry is not asked about, and is compared with what was sent', async (t) => {
    await setHook(cluster, key, receiver.url)
    const chat = await newChat(key, [ann, bob])
    const bodies = [
      { text: 'rewrite', client_id: 'plain' },
      { text: 'rewrite', client_id: 'rich', mentions: [bob.id], data: { a: 1 } }
    ]
    const check = async (body: { client_id: string }) => {
      const [first] = await Promise.all([post(ann, chat, body)])
      const asked = receiver.requests.length
      for (const replica of [0, 1, 2]) {
        const again = await post(ann, chat, body, replica)
        t.strictSame([again.status, at(again.body, 'seq')], [200, at(first.body, 'seq')])
        t.equal(at(again.body, 'message', 'text'), 'replaced')
      }
      const socket = await connectRealtime(t, cluster.replica(1), ann.bearer)
      const resend = async (more: object) => (await request(socket, { type: 'send', chat, ...body, ...more })).answer
      t.match(await resend({}), { type: 'ack', seq: at(first.body, 'seq'), duplicate: true })
      for (const text of ['other', 'replaced']) {
        expectProblem(t, await post(ann, chat, { ...body, text }), 422, 'idempotency_key_reused', text)
        t.match(await resend({ text }), { type: 'problem', code: 'conflict' })
      }
      t.equal(receiver.requests.length, asked, 'it was asked about once')
      return first
    }
    for (const body of bodies) await check(body)
    const twins = await Promise.all(Array.from({ length: 6 }, (_, index) =>
      post(ann, chat, { text: 'rewrite', client_id: 'twins' }, index)))
    t.equal(new Set(twins.map(({ body }) => at(body, 'seq'))).size, 1)
    t.strictSame(twins.map(({ status }) => status).sort(), [200, 200, 200, 200, 200, 201])
    t.ok(twins.every(({ body }) => at(body, 'message', 'text') === 'replaced'))

    await key.call('DELETE', PATH)
    await eventually(isKnown(cluster, undefined))
    for (const body of bodies) {
      t.equal((await post(ann, chat, body)).status, 200, 'without the hook, too')
      expectProblem(t, await post(ann, chat, { ...body, text: 'x' }), 422, 'idempotency_key_reused')
    }
    t.strictSame(await textsIn(bob, chat), ['replaced', 'replaced', 'replaced'])
    const [last] = listAt((await ann.call('GET', `/chats/${chat}/messages`)).body, 'items')
    await ann.call('DELETE', `/chats/${chat}/messages/${String(at(last, 'seq'))}`)
    t.equal((await post(ann, chat, bodies[0] ?? {})).status, 200, 'also after its deletion')
  })

  await t.test('it is asked about what members write in chats of its types, by keys for them, too', async (t) => {
    const chat = await newChat(key, [ann])
    await setHook(cluster, key, receiver.url)
    const { call } = key
    const asked = async (work: () => Promise<{ status: number }>) => {
      const before = receiver.requests.length
      const { status } = await work()
      return [status, receiver.requests.length - before]
    }
    const onBehalf = { headers: { 'confab-on-behalf-of': ann.id } }
    t.strictSame(await asked(() => post(bob, chat, { text: 'x' })), [404, 0], 'nobody else')
    t.strictSame(await asked(() => call('POST', `/chats/${chat}/messages`, { text: 'x' }, onBehalf)), [201, 1])
    const seq = integerAt((await post(ann, chat, { text: 'x' })).body, 'seq')
    const target = `/chats/${chat}/messages/${String(seq)}`
    t.strictSame(await asked(() => call('PATCH', target, { text: 'deny' })), [200, 0], 'a key by itself')
    t.strictSame(await asked(() => ann.call('PUT', `${target}/reactions/x`)), [200, 0])
    await setHook(cluster, key, receiver.url, { chat_types: ['channel'] })
    t.strictSame(await asked(() => post(ann, chat, { text: 'deny' })), [201, 0])
    const channel = await newChat(key, [ann], 'channel')
    t.strictSame(await asked(() => post(ann, channel, { text: 'deny' })), [403, 1])
    t.strictSame(await asked(() => ann.call('DELETE', target)), [200, 0])
  })

  await t.test('posts of one socket keep their order, and nobody else waits', async (t) => {
    const slow = await startReceiver(t, async (_request, response) => {
      await delay(randomInt(20))
      response.end('{"action":"allow"}')
    })
    await setHook(cluster, key, slow.url, { on_failure: 'allow' })
    const [chat, elsewhere] = [await newChat(key, [ann, bob]), await newChat(key, [ann, bob])]
    const socket = await connectRealtime(t, cluster.replica(0), ann.bearer)
    await request(socket, { type: 'subscribe', chats: [{ chat }] })
    const texts = Array.from({ length: 200 }, (_, index) => String(index))
    for (const text of texts) socket.send({ type: 'send', chat, client_id: `n${text}`, text })
    const isMessage = (frame: object) => at(frame, 'event', 'type') === 'message.created'
    const seen: unknown[] = []
    while (seen.length < texts.length) seen.push(at(await socket.next(isMessage), 'event', 'data', 'message', 'text'))
    t.strictSame(seen, texts)

    const held: (() => void)[] = []
    slow.answer = (question, response) => {
      const answer = () => void response.end('{"action":"allow"}')
      if (at(messageIn(question), 'text') === 'held') held.push(answer)
      else answer()
    }
    socket.send({ type: 'send', chat, client_id: 'held', text: 'held' })
    socket.send({ type: 'send', chat, client_id: 'behind', text: 'behind' })
    socket.send({ type: 'send', chat: elsewhere, client_id: 'elsewhere', text: 'elsewhere', ref: 'elsewhere' })
    await socket.next(({ ref }) => ref === 'elsewhere')
    t.equal((await post(bob, chat, { text: 'by another' })).status, 201)
    t.ok(await eventually(async () => held.length === 1))
    t.strictSame((await textsIn(bob, chat)).slice(-1), ['by another'])
    for (const answer of held) answer()
    t.ok(await eventually(async () => (await textsIn(bob, chat)).at(-1) === 'behind'))
    t.strictSame((await textsIn(bob, chat)).slice(-3), ['by another', 'held', 'behind'])
  })

  await t.test('one that is dead is skipped after some failures, and tried again', async (t) => {
    const chat = await newChat(key, [ann])
    const { metrics } = cluster.replica(0).app
    const countOf = (label: string) => new Map<string, number>(metrics.hookAnswers.entries()).get(label) ?? 0
    receiver.answer = (_question, response) => void response.destroy()
    await setHook(cluster, key, receiver.url, { on_failure: 'allow' })
    const [skipped, allowed] = [countOf('skipped'), countOf('allowed')]
    const isPosted = async () => (await post(ann, chat, { text: 'x' })).status === 201
    t.ok(await eventually(async () => await isPosted() && countOf('skipped') > skipped))
    decideByText(receiver)
    t.ok(await eventually(async () => await isPosted() && countOf('allowed') > allowed, 60_000))
    t.ok(cluster.log.some((line) => line.includes('the hook before a message fails')))
  })
}, { environment: ENVIRONMENT, inspectable: true })

await withServices(t, 'a replica that no hint reaches learns of the hook at its next look', async (t, services) => {
  const cluster = await startCluster(t, {
    services, replicas: 2, inspectable: true, environment: { ...ENVIRONMENT, SWEEP_INTERVAL: '100ms' },
    wrapBus: (bus, replica) =>
      withFaults(bus, (channel) => replica === 0 && isInvalidationsChannel(channel) ? [] : undefined)
  })
  const key = await newKey(cluster, 'webhooks:write')
  const receiver = await startReceiver(t)
  await setHook(cluster, key, receiver.url)
  t.ok(await eventually(isKnown(cluster, receiver.url)))
  await key.call('DELETE', PATH, undefined, { replica: 0 })
  t.ok(await eventually(isKnown(cluster, undefined)))
})
