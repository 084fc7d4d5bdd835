import { eq } from 'drizzle-orm'
import t from '../../support/tap.ts'
import { BUILT_IN_TYPES } from '../../../src/domain/chats/chat-types.ts'
import { WEBHOOK_EVENT_TYPES } from '../../../src/domain/webhooks/event-types.ts'
import { webhooks } from '../../../src/store/schema.ts'
import { after } from '../../../src/store/sql.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { newKey, USER_TOKENS } from '../../support/data/api-clients.ts'
import { at, listAt, textAt } from '../../support/data/json.ts'
import { expectProblem } from '../../support/data/problems.ts'
import { onEmbedded, onOneDeployment } from '../../support/servers/deployments.ts'
import { JWT_SECRET, startCluster } from '../../support/servers/cluster.ts'
import { createStore } from '../../support/servers/database.ts'
import { engineUrl } from '../../support/servers/engine.ts'
import { startReceiver, verified } from '../../support/servers/receiver.ts'

const MAX_WEBHOOKS = 50
const SECRET = /^whsec_[A-Za-z0-9+/]{32}$/

await onOneDeployment(t, async (t, cluster) => {
  const key = await newKey(cluster, 'webhooks:write', 'chats:write')
  const receiver = await startReceiver(t)
  const create = async (body: object = {}) => key.call('POST', '/webhooks', { url: receiver.url, ...body })
  const test = async (id: string) => (await key.call('POST', `/webhooks/${id}:test`, {})).body

  await t.test('a webhook is made, listed, changed, switched off and on, and deleted', async (t) => {
    const made = await create({ events: ['message.created', 'message.created'], description: 'the shop' })
    t.equal(made.status, 201)
    const id = textAt(made.body, 'id')
    t.match(made.body, {
      id: /^wh_[0-9a-f]{24}$/, url: receiver.url, events: ['message.created'], chat_types: null, enabled: true,
      description: 'the shop', disabled_at: null, disabled_reason: null, version: 1, secret: SECRET
    })
    const got = await key.call('GET', `/webhooks/${id}`)
    t.strictSame([got.status, got.headers.get('etag')], [200, '"1"'])
    t.strictSame({ ...Object(got.body), secret: at(made.body, 'secret') }, made.body)
    t.ok(listAt((await key.call('GET', '/webhooks')).body, 'items').some((item) => at(item, 'id') === id))

    const change = async (body: object, tag?: string) =>
      key.call('PATCH', `/webhooks/${id}`, body, { ...(tag !== undefined && { headers: { 'if-match': tag } }) })
    t.match((await change({ enabled: false, events: null })).body, {
      enabled: false, disabled_reason: 'by_request', disabled_at: /Z$/, events: null, description: 'the shop', version: 2
    })
    expectProblem(t, await change({ enabled: true }, '"1"'), 412, 'version_conflict')
    t.match((await change({ enabled: true }, '"2"')).body, { enabled: true, disabled_at: null, version: 3 })
    const both = await Promise.all([change({ description: 'a' }), change({ chat_types: ['group'] })])
    t.strictSame(both.map(({ status }) => status), [200, 200])
    t.match((await key.call('GET', `/webhooks/${id}`)).body, { description: 'a', chat_types: ['group'], version: 5 })

    const remove = (headers: Record<string, string> = {}) =>
      key.call('DELETE', `/webhooks/${id}`, undefined, { headers })
    expectProblem(t, await remove({ 'if-match': '"1"' }), 412, 'version_conflict')
    t.equal((await remove()).status, 204)
    for (const answer of [await remove(), await key.call('GET', `/webhooks/${id}`), await change({ enabled: true })])
      expectProblem(t, answer, 404, 'unknown_webhook')
  })

  await t.test('all that a server knows can be asked for, and nothing else', async (t) => {
    const type = uniqueName('t')
    const roles = Object.fromEntries(BUILT_IN_TYPES.group.roles.map(({ role, permissions }) => [role, permissions]))
    const defined = await key.call('PUT', `/chat-types/${type}`, { ...BUILT_IN_TYPES.group, roles })
    t.equal(defined.status, 201)
    const full = await create({ events: WEBHOOK_EVENT_TYPES, chat_types: ['direct', type] })
    t.equal(full.status, 201)
    await key.call('DELETE', `/webhooks/${textAt(full.body, 'id')}`)
    const cases: [body: object, words: RegExp][] = [
      [{ events: ['message.seen'] }, /There is no event "message\.seen"/],
      [{ events: ['webhook.test'] }, /There is no event/],
      [{ chat_types: ['nonesuch'] }, /There is no type of chats "nonesuch"/],
      [{ url: 'ftp://example.org' }, /must begin with https/],
      [{ url: 'https://a:b@example.org' }, /a name or a password/],
      [{ url: 'nonsense' }, /not valid/],
      [{ url: `https://example.org/${'x'.repeat(2_100)}` }, /url/],
      [{ description: 'x'.repeat(201) }, /description/],
      [{ events: 'message.created' }, /events/],
      [{ secret: 'whsec_x' }, /secret/]
    ]
    for (const [body, words] of cases) {
      const answer = await create(body)
      expectProblem(t, answer, 400, 'invalid_input', JSON.stringify(body).slice(0, 80))
      t.match(`${String(at(answer.body, 'detail'))} ${JSON.stringify(at(answer.body, 'errors'))}`, words)
    }
    t.equal(at((await create({ events: ['x'] })).body, 'errors', 0, 'pointer'), '/events')
    expectProblem(t, await key.call('POST', '/webhooks', {}), 400, 'invalid_input')
  })

  await t.test('a test is signed, by two secrets during a rotation, and says what was answered', async (t) => {
    const made = await create()
    const [id, first] = [textAt(made.body, 'id'), textAt(made.body, 'secret')]
    t.match(await test(id), { delivered: true, status: 204, error: null })
    const [request] = receiver.requests.splice(0)
    if (request === undefined) throw new Error('Nothing was sent.')
    t.match(verified(first, request), { type: 'webhook.test', data: { webhook: id }, timestamp: /Z$/ })
    t.match(request.headers, { 'content-type': 'application/json; charset=utf-8', 'webhook-id': /^msg_/ })

    const rotated = await key.call('POST', `/webhooks/${id}:rotate-secret`, {})
    const second = textAt(rotated.body, 'secret')
    t.match(second, SECRET)
    t.not(second, first)
    t.ok(Date.parse(textAt(rotated.body, 'previous_secret_until')) > Date.now() + 23 * 3_600_000)
    await test(id)
    const [during] = receiver.requests.splice(0)
    if (during === undefined) throw new Error('Nothing was sent.')
    for (const secret of [first, second]) t.match(verified(secret, during), { type: 'webhook.test' })

    await cluster.orm.update(webhooks).set({ previousUntil: after(-1) }).where(eq(webhooks.id, id))
    await test(id)
    const [behind] = receiver.requests.splice(0)
    if (behind === undefined) throw new Error('Nothing was sent.')
    t.match(verified(second, behind), { type: 'webhook.test' })
    t.throws(() => verified(first, behind), 'the first secret is valid for a day')
    t.equal(at((await key.call('GET', `/webhooks/${id}`)).body, 'previous_secret_until'), null)

    receiver.answer = (_request, response) => void response.writeHead(500).end('the secret of the own network')
    t.match(await test(id), { delivered: false, status: 500, body: null, error: null }, 'nothing can be read there')
    receiver.answer = (_request, response) => void response.destroy()
    t.match(await test(id), { delivered: false, status: null, body: null, error: { reason: 'reset' } })

    const [row] = await cluster.orm.select().from(webhooks).where(eq(webhooks.id, id))
    t.notMatch(JSON.stringify(row), /whsec_/, 'the secrets are stored encrypted')
    await cluster.orm.update(webhooks).set({ secret: 'x' }).where(eq(webhooks.id, id))
    expectProblem(t, await key.call('POST', `/webhooks/${id}:test`, {}), 409, 'secret_unreadable')
    await key.call('POST', `/webhooks/${id}:rotate-secret`, {})
    receiver.answer = (_request, response) => void response.writeHead(204).end()
    t.match(await test(id), { delivered: true }, 'another secret helps')
    for (const path of [`/webhooks/${'x'.repeat(27)}:test`, '/webhooks/wh_1:rotate-secret'])
      expectProblem(t, await key.call('POST', path, {}), 404, 'unknown_webhook')
  })

  await t.test('there are so many and no more, also of those who come together', async (t) => {
    const before = listAt((await key.call('GET', '/webhooks')).body, 'items').length
    const answers = await Promise.all(Array.from({ length: MAX_WEBHOOKS - before + 3 }, () => create()))
    const refused = answers.filter(({ status }) => status !== 201)
    t.equal(refused.length, 3)
    for (const answer of refused) expectProblem(t, answer, 409, 'too_many_webhooks')
    t.equal(listAt((await key.call('GET', '/webhooks')).body, 'items').length, MAX_WEBHOOKS)
  })
}, { environment: { ...USER_TOKENS, WEBHOOK_PRIVATE_ADDRESSES: 'on' }, inspectable: true })

await onEmbedded(t, async (t, cluster) => {
  await t.test('without permission of the operator only public servers with TLS are called', async (t) => {
    const key = await newKey(cluster, 'webhooks:write')
    const create = (url: string) => key.call('POST', '/webhooks', { url })
    for (const url of ['http://example.org', 'https://127.0.0.1', 'https://2130706433', 'https://[::1]'])
      expectProblem(t, await create(url), 400, 'invalid_input', url)
    const made = await create('https://localhost:9/x')
    t.equal(made.status, 201, 'a name is decided on when it counts')
    t.match((await key.call('POST', `/webhooks/${textAt(made.body, 'id')}:test`, {})).body, {
      delivered: false, status: null, error: { reason: 'refused_address', detail: /not public/ }
    })
  })
}, { inspectable: true })

await t.test('a replica with another key encrypts the secrets anew, as long as it has the one before', async (t) => {
  const DATABASE_URL = await createStore(t, engineUrl())
  const receiver = await startReceiver(t)
  const other = 'another-key-that-only-the-tests-know'
  const start = (keys: string) => startCluster(t, {
    environment: { DATABASE_URL, JWT_SECRET: keys, WEBHOOK_PRIVATE_ADDRESSES: 'on' }, inspectable: true
  })
  const first = await start(JWT_SECRET)
  const key = await newKey(first, 'webhooks:write')
  const made = await key.call('POST', '/webhooks', { url: receiver.url })
  const [path, secret] = [`/v1/webhooks/${textAt(made.body, 'id')}:test`, textAt(made.body, 'secret')]
  await start(`${other},${JWT_SECRET}`)
  const last = await start(other)
  t.match((await last.post(path, {}, { bearer: key.bearer })).body, { delivered: true })
  const [request] = receiver.requests
  t.match(request && verified(secret, request), { type: 'webhook.test' })
})
