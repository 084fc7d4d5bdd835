/** Bans, reports, the audit log and the health report, as moderators, operators and keys see them. */
import t, { type Test } from '../../support/tap.ts'
import { setOperator } from '../../../src/domain/moderation/operators.ts'
import { removeOldAudit } from '../../../src/store/audit-log.ts'
import type { Answer } from '../../support/clients/http.ts'
import { connectRealtime, request } from '../../support/clients/realtime.ts'
import { register } from '../../support/data/accounts.ts'
import { type ApiClient, clientOf, newKey, newUser, USER_TOKENS } from '../../support/data/api-clients.ts'
import { NO_TIMES } from '../../support/data/bad-values.ts'
import { at, integerAt, listAt, textAt } from '../../support/data/json.ts'
import { expectProblem } from '../../support/data/problems.ts'
import { eventually } from '../../support/deadline.ts'
import { onServices } from '../../support/servers/deployments.ts'
import type { Cluster } from '../../support/servers/cluster.ts'

const DAY_MS = 86_400_000
const itemsOf = ({ body }: Answer) => listAt(body, 'items')

/** A group with an owner, an admin, and two members. */
async function makeGroup (cluster: Cluster) {
  const [owner, admin, ben, cleo] = [
    await newUser(cluster), await newUser(cluster), await newUser(cluster), await newUser(cluster)
  ]
  const members = [{ user: admin.id, role: 'admin' }, { user: ben.id }, { user: cleo.id }]
  const { body } = await owner.call('POST', '/chats', { type: 'group', name: 'A group', members })
  const chat = textAt(body, 'chat', 'id')
  const post = async (by: ApiClient, text: string) =>
    integerAt((await by.call('POST', `/chats/${chat}/messages`, { text })).body, 'seq')
  const ban = (by: ApiClient, user: ApiClient, request: object = {}, replica = 0) =>
    by.call('PUT', `/chats/${chat}/bans/${user.id}`, request, { replica })
  return { owner, admin, ben, cleo, chat, post, ban }
}

async function bansUsers (t: Test, cluster: Cluster): Promise<void> {
  const { owner, admin, ben, cleo, chat, ban } = await makeGroup(cluster)
  const bans = `/chats/${chat}/bans`

  await t.test('a banned member is removed, fenced, and comes back by no way', async (t) => {
    const socket = await connectRealtime(t, cluster.replica(1), ben.bearer)
    await request(socket, { type: 'subscribe', chats: [{ chat }] })
    const banned = await ban(admin, ben, { reason: 'Advertising' })
    t.equal(banned.status, 201)
    t.hasStrict(banned.body, {
      seq: integerAt(banned.body, 'seq'),
      ban: { user: ben.id, reason: 'Advertising', until: null, by: { user: admin.id } }
    })
    await socket.next(({ type, reason }) => type === 'reset' && reason === 'removed')
    expectProblem(t, await ben.call('GET', `/chats/${chat}`), 404, 'unknown_chat')

    const add = (by: ApiClient) => by.call('PUT', `/chats/${chat}/members/${ben.id}`, {})
    expectProblem(t, await add(owner), 403, 'banned')
    const added = await owner.call('POST', `/chats/${chat}/members`, { members: [{ user: ben.id }] })
    t.hasStrict(added.body, { seq: null, items: [{ problem: { code: 'banned' } }] })
    expectProblem(t, await add(await newKey(cluster, 'chats:write')), 403, 'banned', 'nor by a key')
    const code = textAt((await owner.call('POST', `/chats/${chat}/invites`, {})).body, 'code')
    expectProblem(t, await ben.call('POST', `/invites/${code}:accept`, {}), 403, 'banned')
    const [invite] = itemsOf(await owner.call('GET', `/chats/${chat}/invites`))
    t.equal(at(invite, 'uses'), 0, 'it uses no invite')

    t.hasStrict(itemsOf(await owner.call('GET', bans)), [{ user: ben.id }])
    t.equal((await admin.call('DELETE', `${bans}/${ben.id}`)).status, 204)
    expectProblem(t, await admin.call('DELETE', `${bans}/${ben.id}`), 404, 'unknown_ban')
    expectProblem(t, await admin.call('GET', `${bans}/${ben.id}`), 404, 'unknown_ban')
    expectProblem(t, await admin.call('GET', `${bans}/nobody`), 404, 'unknown_ban')
    t.equal((await ben.call('POST', `/invites/${code}:accept`, {})).status, 200)
  })

  await t.test('who may, and whom', async (t) => {
    expectProblem(t, await ban(cleo, ben), 403, 'forbidden')
    expectProblem(t, await ban(admin, owner), 403, 'forbidden', 'nobody of a higher role')
    expectProblem(t, await cleo.call('GET', bans), 403, 'forbidden')
    expectProblem(t, await ban(await newUser(cluster), ben), 404, 'unknown_chat')
    expectProblem(t, await ban(admin, admin), 400, 'invalid_input')
    expectProblem(t, await ban(owner, ben, { until: '2020-01-01T00:00:00Z' }), 400, 'invalid_input')
    expectProblem(t, await admin.call('PUT', `${bans}/nobody`, {}), 404, 'unknown_user')
    expectProblem(t, await ban(await newKey(cluster, 'moderation:write'), owner), 409, 'last_owner')
    const direct = textAt((await ben.call('PUT', '/chats:direct', { user: cleo.id })).body, 'chat', 'id')
    const key = await newKey(cluster, 'moderation:write')
    expectProblem(t, await key.call('PUT', `/chats/${direct}/bans/${cleo.id}`, {}), 409, 'chat_is_direct')
  })

  await t.test('somebody who is no member is banned before they come, for a while', async (t) => {
    const stranger = await newUser(cluster)
    const until = new Date(Date.now() + DAY_MS).toISOString()
    const first = await ban(admin, stranger, { until })
    t.equal(first.status, 201)
    t.hasStrict(first.body, { seq: null, ban: { until } })
    const again = await ban(owner, stranger, { reason: 'again' })
    t.equal(again.status, 200)
    t.hasStrict(again.body, { ban: { until: null, reason: 'again', by: { user: owner.id } } })
    const soon = new Date(Date.now() + 700).toISOString()
    t.equal((await ban(owner, stranger, { until: soon })).status, 200)
    const isBack = async () => (await owner.call('PUT', `/chats/${chat}/members/${stranger.id}`, {})).status === 201
    t.ok(await eventually(isBack), 'the ban ends')
    t.strictSame(itemsOf(await owner.call('GET', bans)), [])
  })

  await t.test('of a ban and an addition at the same time the member is out, on every replica', async (t) => {
    for (let round = 0; round < 5; round++) {
      const stranger = await newUser(cluster)
      await Promise.all([
        ban(owner, stranger, {}, 0),
        admin.call('PUT', `/chats/${chat}/members/${stranger.id}`, {}, { replica: 1 })
      ])
      expectProblem(t, await stranger.call('GET', `/chats/${chat}`), 404, 'unknown_chat')
    }
  })

  await t.test('the list is paged', async (t) => {
    const before = itemsOf(await owner.call('GET', bans)).length
    t.equal(before, 5)
    const first = await owner.call('GET', `${bans}?limit=3`)
    const second = await owner.call('GET', `${bans}?limit=3&cursor=${textAt(first.body, 'next')}`)
    t.equal(new Set([...itemsOf(first), ...itemsOf(second)].map((ban) => at(ban, 'user'))).size, 5)
    t.equal(at(second.body, 'next'), null)
  })
}

async function takesReports (t: Test, cluster: Cluster): Promise<void> {
  const { owner, admin, ben, cleo, chat, post } = await makeGroup(cluster)
  const seq = await post(ben, 'Buy this!')
  const report = (by: ApiClient, body: object) => by.call('POST', '/reports', { reason: 'spam', ...body })
  const list = (by: ApiClient, query = `chat=${chat}`) => by.call('GET', `/moderation/reports?${query}`)
  const decide = (by: ApiClient, id: string, body: object, headers = {}) =>
    by.call('PATCH', `/moderation/reports/${id}`, body, { headers })

  const made = await report(cleo, { chat, seq, text: 'For the third time' })
  const id = textAt(made.body, 'id')

  await t.test('a member reports a message, moderators of the chat see it as it is', async (t) => {
    t.equal(made.status, 201)
    t.strictSame(Object.keys(made.body instanceof Object ? made.body : {}).sort(), ['created_at', 'id'])
    const again = await report(cleo, { chat, seq, reason: 'abuse', text: 'Really' })
    t.equal(again.status, 200)
    t.equal(textAt(again.body, 'id'), id)
    t.hasStrict(itemsOf(await list(admin)), [{
      id, chat, seq, user: ben.id, reporter: cleo.id, reason: 'abuse', text: 'Really', status: 'open', decided_by: null,
      message: { text: 'Buy this!', author: ben.id }
    }])
    await ben.call('PATCH', `/chats/${chat}/messages/${String(seq)}`, { text: 'Nothing happened' })
    t.hasStrict(itemsOf(await list(owner)), [{ message: { text: 'Nothing happened' } }])
    expectProblem(t, await list(cleo), 403, 'forbidden')
    expectProblem(t, await list(await newUser(cluster)), 404, 'unknown_chat')
    expectProblem(t, await list(owner, ''), 403, 'not_an_operator')
    expectProblem(t, await cleo.call('GET', `/moderation/reports/${id}`), 404, 'unknown_report')
    expectProblem(t, await owner.call('GET', '/moderation/reports/x'), 404, 'unknown_report')
  })

  await t.test('what can be reported', async (t) => {
    expectProblem(t, await report(cleo, { chat }), 400, 'invalid_input')
    expectProblem(t, await report(cleo, { chat, seq, user: ben.id }), 400, 'invalid_input')
    expectProblem(t, await report(cleo, { user: cleo.id }), 400, 'invalid_input', 'not oneself')
    expectProblem(t, await report(cleo, { chat, seq: 99_999 }), 404, 'unknown_message')
    expectProblem(t, await report(cleo, { user: 'nobody' }), 404, 'unknown_user')
    expectProblem(t, await report(await newUser(cluster), { chat, seq }), 404, 'unknown_chat')
    expectProblem(t, await report(await newKey(cluster, 'moderation:write'), { user: ben.id }), 400, 'user_required')
    t.equal((await report(cleo, { chat, user: ben.id })).status, 201)
    t.equal(itemsOf(await list(admin, `chat=${chat}&status=open&user=${ben.id}`)).length, 2)
  })

  await t.test('a moderator does not see who has reported them', async (t) => {
    const ofAdmin = await post(admin, 'I decide')
    const about = textAt((await report(cleo, { chat, seq: ofAdmin })).body, 'id')
    t.notOk(itemsOf(await list(admin)).some((item) => at(item, 'id') === about))
    expectProblem(t, await admin.call('GET', `/moderation/reports/${about}`), 404, 'unknown_report')
    expectProblem(t, await decide(admin, about, { status: 'dismissed' }), 404, 'unknown_report')
    t.ok(itemsOf(await list(owner)).some((item) => at(item, 'id') === about))
  })

  await t.test('a decision is made once, under its version', async (t) => {
    const found = await admin.call('GET', `/moderation/reports/${id}`)
    const etag = found.headers.get('etag') ?? ''
    await admin.call('DELETE', `/chats/${chat}/messages/${String(seq)}`)
    const decided = await decide(admin, id, { status: 'resolved', note: 'Deleted' }, { 'if-match': etag })
    t.equal(decided.status, 200)
    t.hasStrict(decided.body, {
      status: 'resolved', note: 'Deleted', decided_by: { user: admin.id }, message: { author: ben.id }
    })
    t.equal(at(decided.body, 'message', 'text'), undefined, 'its place alone is left')
    expectProblem(t, await decide(owner, id, { status: 'dismissed' }, { 'if-match': etag }), 412, 'version_conflict')
    t.hasStrict((await decide(owner, id, { status: 'open' })).body, { status: 'open', decided_at: null })
    expectProblem(t, await decide(ben, id, { status: 'dismissed' }), 404, 'unknown_report')
  })

  await t.test('keys and operators see the reports of all chats', async (t) => {
    const operator = await newUser(cluster)
    expectProblem(t, await list(operator, 'limit=1'), 403, 'not_an_operator')
    await setOperator(cluster.orm, operator.id, true)
    t.hasStrict((await operator.call('GET', '/me')).body, { operator: true })
    t.equal(at((await cleo.call('GET', '/me')).body, 'operator'), undefined)
    for (const reader of [operator, await newKey(cluster, 'moderation:read')]) {
      t.ok(itemsOf(await list(reader, 'status=open')).some((item) => at(item, 'id') === id))
      t.ok(itemsOf(await list(reader)).some((item) => at(item, 'id') === id))
      t.equal((await reader.call('GET', `/moderation/reports/${id}`)).status, 200)
    }
    t.equal((await decide(operator, id, { note: 'Seen' })).status, 200)
    expectProblem(t, await operator.call('GET', `/chats/${chat}`), 404, 'unknown_chat', 'that gives no rights in chats')
    expectProblem(t, await operator.call('PUT', `/chats/${chat}/bans/${ben.id}`, {}), 404, 'unknown_chat')
    await setOperator(cluster.orm, operator.id, false)
    expectProblem(t, await list(operator, 'limit=1'), 403, 'not_an_operator', 'until it ends')
  })

  await t.test('a report outlives its chat, and not its users', async (t) => {
    const key = await newKey(cluster, 'moderation:read', 'users:write', 'chats:write')
    await key.call('DELETE', `/chats/${chat}`)
    const left = await key.call('GET', `/moderation/reports/${id}`)
    t.hasStrict(left.body, { chat, seq, message: null, user: ben.id })
    await key.call('DELETE', `/users/${cleo.id}`)
    expectProblem(t, await key.call('GET', `/moderation/reports/${id}`), 404, 'unknown_report')
  })
}

async function keepsTheLog (t: Test, cluster: Cluster): Promise<void> {
  const { owner, admin, ben, cleo, chat, post, ban } = await makeGroup(cluster)
  const ops = await newKey(cluster, 'ops:read')
  const log = async (query: string) => itemsOf(await ops.call('GET', `/audit-log?${query}`))
  const actionsOf = async (query: string) => (await log(query)).map((entry) => String(at(entry, 'action'))).reverse()

  await t.test('what moderators do is in it, and what members do with their own is not', async (t) => {
    const [own, other] = [await post(ben, 'Hello'), await post(ben, 'Buy this')]
    await ben.call('DELETE', `/chats/${chat}/messages/${String(own)}`)
    const socket = await connectRealtime(t, cluster.replica(0), admin.bearer)
    await request(socket, { type: 'delete', chat, seq: other })
    await owner.call('PATCH', `/chats/${chat}/members/${cleo.id}`, { role: 'guest' })
    await owner.call('POST', `/chats/${chat}:freeze`, {})
    await owner.call('POST', `/chats/${chat}:unfreeze`, {})
    await admin.call('DELETE', `/chats/${chat}/members/${cleo.id}`)
    await ban(admin, ben, { reason: 'A secret reason' })
    await admin.call('DELETE', `/chats/${chat}/bans/${ben.id}`)
    t.strictSame(await actionsOf(`chat=${chat}`), [
      'message.deleted', 'member.role_changed', 'chat.frozen', 'chat.unfrozen', 'member.removed', 'member.removed',
      'member.banned', 'member.unbanned'
    ])
    const [deleted] = await log(`chat=${chat}&action=message.deleted`)
    t.hasStrict(deleted, {
      actor: { user: admin.id }, address: '127.0.0.1', target: { user: ben.id, chat, seq: other }, data: {}
    })
    const [changed] = await log(`user=${cleo.id}&action=member.role_changed`)
    t.hasStrict(changed, { actor: { user: owner.id }, address: '127.0.0.1', data: { from: 'member', to: 'guest' } })
    t.strictSame(await actionsOf(`actor=${admin.id}&action=member.*`), [
      'member.removed', 'member.removed', 'member.banned', 'member.unbanned'
    ])
    const everything = (await ops.call('GET', '/audit-log?limit=200')).text
    t.notMatch(everything, /Buy this|A secret reason/)
  })

  await t.test('what is refused is not in it', async (t) => {
    const before = await log(`chat=${chat}`)
    expectProblem(t, await ban(ben, admin), 404, 'unknown_chat')
    expectProblem(t, await admin.call('DELETE', `/chats/${chat}/members/${owner.id}`), 403, 'forbidden')
    t.equal((await log(`chat=${chat}`)).length, before.length)
  })

  await t.test('what keys do is in it, named by their ids', async (t) => {
    const key = await newKey(cluster, 'keys:write', 'users:write', 'webhooks:write', 'chats:write', 'moderation:write')
    const id = key.bearer.split('_')[1] ?? ''
    const user = await newUser(cluster)
    const granted = textAt((await key.call('POST', '/keys', { scopes: ['users:read'] })).body, 'id')
    await key.call('DELETE', `/keys/${granted}`)
    const webhook = textAt((await key.call('POST', '/webhooks', { url: 'https://shop.example' })).body, 'id')
    await key.call('PATCH', `/webhooks/${webhook}`, { enabled: false })
    await key.call('POST', `/webhooks/${webhook}:rotate-secret`, {})
    await key.call('DELETE', `/webhooks/${webhook}`)
    await key.call('PUT', '/hooks/before-message', { url: 'https://shop.example', on_failure: 'allow' })
    await key.call('DELETE', '/hooks/before-message')
    const type = `audited${granted.slice(0, 8)}`
    await key.call('PUT', `/chat-types/${type}`, {
      roles: { chief: ['read', 'post'] }, default_role: 'chief', creator_role: 'chief', visibility: 'private',
      history: 'all', features: { receipts: true, typing: true, threads: true, reactions: true, attachments: true },
      limits: { max_members: null, text: null, slow_mode_s: null }, reactions: 'many', retention_days: null
    })
    await key.call('POST', `/users/${user.id}:export`, {})
    await key.call('POST', `/users/${user.id}:suspend`, {})
    await key.call('POST', `/users/${user.id}:resume`, {})
    await key.call('POST', `/users/${user.id}/tokens:revoke`, {})
    await key.call('DELETE', `/users/${user.id}`)
    const headers = { 'confab-on-behalf-of': owner.id }
    await key.call('PUT', `/chats/${chat}/bans/${cleo.id}`, {}, { headers })
    t.strictSame(await actionsOf(`key=${id}`), [
      'key.created', 'key.revoked', 'webhook.created', 'webhook.changed', 'webhook.secret_rotated', 'webhook.deleted',
      'hook.set', 'hook.deleted', 'chat_type.set', 'user.exported', 'user.suspended', 'user.resumed',
      'user.tokens_revoked', 'user.erased', 'member.banned'
    ])
    const [behalf, erased] = await log(`key=${id}`)
    t.hasStrict(behalf, { actor: { key: id, user: owner.id } })
    t.hasStrict(erased, { actor: { key: id }, target: { user: null } }, 'the erased user has no name')
    t.hasStrict(await log(`action=key.*&key=${id}`), [
      { target: { key: granted } }, { target: { key: granted }, data: { scopes: ['users:read'] } }
    ])
    t.hasStrict(await log('command=true&action=key.created&limit=1'), [{ actor: { command: true }, address: null }])
  })

  await t.test('times, pages and what is no filter', async (t) => {
    const now = new Date().toISOString()
    t.strictSame(await log(`chat=${chat}&since=${now}`), [])
    t.strictSame(await actionsOf(`chat=${chat}&until=${now}&action=chat.*`), ['chat.frozen', 'chat.unfrozen'])
    const first = await ops.call('GET', `/audit-log?chat=${chat}&limit=2`)
    t.equal(itemsOf(first).length, 2)
    const next = await ops.call('GET', `/audit-log?chat=${chat}&limit=2&cursor=${textAt(first.body, 'next')}`)
    t.equal(new Set([...itemsOf(first), ...itemsOf(next)].map((entry) => at(entry, 'id'))).size, 4)
    for (const filter of ['actor', 'user', 'chat', 'key'])
      for (const id of ['nobody', '%00']) t.strictSame(await log(`${filter}=${id}`), [], `${filter} ${id}`)
    expectProblem(t, await ops.call('GET', '/audit-log?action=x'), 400, 'invalid_input')
    for (const time of NO_TIMES.map(encodeURIComponent))
      expectProblem(t, await ops.call('GET', `/audit-log?since=${time}`), 400, 'invalid_input', time)
    for (const time of ['0001-01-01T00:00:00Z', '2016-02-29T23:59:59.999%2B23:59'])
      t.equal((await ops.call('GET', `/audit-log?since=${time}`)).status, 200, time)
    expectProblem(t, await owner.call('GET', '/audit-log'), 403, 'not_an_operator')
  })
}

/** Groups of the ChatCLI dialect are the same chats. */
async function holdsInDialects (t: Test, cluster: Cluster): Promise<void> {
  const [ann, bob] = [await register(cluster), await register(cluster)]
  const ask = (route: string, fields: object) =>
    cluster.post(`/chat/${route}`, { session_token: ann.accessToken, ...fields })
  const { body } = await ask('create-group', { name: 'Lunch', members: [bob.username] })
  const [chatID, members] = [integerAt(body, 'chatID'), [bob.username]]
  const hers = clientOf(cluster, '', ann.accessToken)
  const user = textAt((await clientOf(cluster, '', bob.accessToken).call('GET', '/me')).body, 'id')
  await ask('remove-members', { chatID, members })
  const ops = await newKey(cluster, 'ops:read')
  t.hasStrict(itemsOf(await ops.call('GET', `/audit-log?chat=cf~${String(chatID)}`)), [
    { action: 'member.removed', target: { user }, address: '127.0.0.1' }
  ])
  t.equal((await hers.call('PUT', `/chats/cf~${String(chatID)}/bans/${user}`, {})).status, 201)
  t.match(await ask('add-members', { chatID, members }), { status: 403, body: { code: 'banned' } })
  await hers.call('DELETE', `/chats/cf~${String(chatID)}/bans/${user}`)
  t.equal((await ask('add-members', { chatID, members })).status, 200)
}

async function forgets (t: Test, cluster: Cluster): Promise<void> {
  const { owner, ben, chat, ban } = await makeGroup(cluster)
  const ops = await newKey(cluster, 'ops:read')
  await ban(owner, ben)
  const log = async () => itemsOf(await ops.call('GET', `/audit-log?chat=${chat}`)).length
  await removeOldAudit(cluster.orm, DAY_MS)
  t.equal(await log(), 2, 'what is younger stays')
  const key = await newKey(cluster, 'users:write')
  await key.call('DELETE', `/users/${owner.id}`)
  t.hasStrict(itemsOf(await ops.call('GET', `/audit-log?chat=${chat}`)), [
    { actor: { user: null }, address: null }, { actor: { user: null }, address: null }
  ], 'of an erased user nothing is left that says who and where')
  await removeOldAudit(cluster.orm, 0)
  t.equal(await log(), 0)
}

async function reportsHealth (t: Test, cluster: Cluster): Promise<void> {
  const operator = await newUser(cluster)
  await setOperator(cluster.orm, operator.id, true)
  for (const reader of [operator, await newKey(cluster, 'ops:read')]) {
    const areThere = async () =>
      listAt((await reader.call('GET', '/health-report')).body, 'replicas').length === cluster.replicas.length
    t.ok(await eventually(areThere), 'both replicas are there')
    const { status, body } = await reader.call('GET', '/health-report', undefined, { replica: 1 })
    t.equal(status, 200)
    t.match(body, { redis: { status: 'up' }, postgres: { version: /^\d+/ }, open_reports: Number, jobs: [] })
    t.ok(integerAt(body, 'postgres', 'size_bytes') > 0)
    t.match(at(body, 'replicas', 0), { version: /^\d/, bus: 'up', connections: Number })
  }
  expectProblem(t, await (await newUser(cluster)).call('GET', '/health-report'), 403, 'not_an_operator')
}

await onServices(
  t,
  async (t, cluster) => {
    await t.test('bans', async (t) => bansUsers(t, cluster))
    await t.test('reports', async (t) => takesReports(t, cluster))
    await t.test('the audit log', async (t) => keepsTheLog(t, cluster))
    await t.test('chats of the dialect', async (t) => holdsInDialects(t, cluster))
    await t.test('what is kept, and for how long', async (t) => forgets(t, cluster))
    await t.test('the health report', async (t) => reportsHealth(t, cluster))
  },
  { environment: USER_TOKENS, inspectable: true }
)
