import t from '../support/tap.ts'
import { type ApiClient, clientOf, newKey } from '../support/data/api-clients.ts'
import { at, textAt } from '../support/data/json.ts'
import { confab, readInstallation, startInstallation } from '../support/data/transfer.ts'
import { signWithSecret } from '../support/data/user-tokens.ts'
import { eventually } from '../support/deadline.ts'
import type { Cluster } from '../support/servers/cluster.ts'

t.setTimeout(300_000)

const userOf = (cluster: Cluster, id: string): ApiClient => clientOf(cluster, id, signWithSecret({ sub: id }))

await t.test('an installation is the same after an export and an import', async (t) => {
  const origin = await startInstallation(t)
  const { cluster } = origin
  const key = await newKey(cluster, 'users:write', 'chats:write', 'messages:write')
  const [ann, bob, cleo, dan] = ['ann', 'bob', 'cleo', 'dan'].map((id) => userOf(cluster, id))
  if (ann === undefined || bob === undefined || cleo === undefined || dan === undefined) return
  const ok = async (call: Promise<{ status: number, text: string, body: unknown }>) => {
    const answer = await call
    if (answer.status >= 300) throw new Error(answer.text)
    return answer.body
  }
  for (const { id } of [ann, bob, cleo, dan])
    await ok(key.call('PUT', `/users/${id}`, { name: id.toUpperCase(), data: { nr: id } }))
  await ok(key.call('PUT', '/chats/order-1', {
    type: 'group', name: 'Order 1', data: { nr: 1 }, members: [{ user: 'ann', role: 'owner' }, { user: 'bob' }]
  }))
  const post = async (user: ApiClient, chat: string, body: object) =>
    Number(at(await ok(user.call('POST', `/chats/${chat}/messages`, body)), 'seq'))
  const first = await post(ann, 'order-1', { text: 'Hello 👋', client_id: 'a-1', data: { x: [1] } })
  const second = await post(bob, 'order-1', { text: 'Hi @ann', mentions: ['ann', '@all'], reply_to: first })
  await ok(ann.call('POST', '/chats/order-1/members', { members: [{ user: 'cleo' }, { user: 'dan' }] }))
  const opener = await post(dan, 'order-1', { text: 'open' })
  const reply = await post(cleo, 'order-1', { text: 'in a thread', parent: opener })
  for (const [user, emoji] of [[bob, '👍'], [cleo, '🎉'], [ann, '👍']] as const) {
    await ok(user.call('PUT', `/chats/order-1/messages/${String(reply)}/reactions/${encodeURIComponent(emoji)}`))
  }
  await ok(bob.call('PATCH', `/chats/order-1/messages/${String(second)}`, { text: 'Hi again' }))
  await ok(ann.call('PUT', `/chats/order-1/pins/${String(first)}`))
  const gone = await post(ann, 'order-1', { text: 'a mistake' })
  await ok(ann.call('DELETE', `/chats/order-1/messages/${String(gone)}`))
  await ok(bob.call('DELETE', `/chats/order-1/messages/${String(first)}?for=me`))
  await ok(bob.call('PUT', '/chats/order-1/read', { seq: second }))
  await ok(bob.call('PATCH', '/chats/order-1/me', { muted: true, notifications: 'mentions' }))
  await ok(cleo.call('POST', '/chats/order-1:leave', {}))
  const direct = textAt(await ok(ann.call('PUT', '/chats:direct', { user: 'bob' })), 'chat', 'id')
  await post(bob, direct, { text: 'between us' })
  await ok(cleo.call('PUT', '/me/blocks/bob'))
  await ok(bob.call('PUT', '/me/notifications', {
    push: 'mentions', previews: 'off', quiet_hours: { from: '22:00', to: '07:30', timezone: 'Europe/Berlin' }
  }))
  await ok(key.call('PUT', '/chat-types/support', {
    roles: { agent: ['read', 'post', 'moderate'], customer: ['read', 'post'] },
    default_role: 'customer',
    creator_role: 'agent',
    visibility: 'private',
    history: 'all',
    features: { receipts: true, typing: true, threads: true, reactions: true, attachments: true },
    limits: { max_members: null, text: 200, slow_mode_s: null },
    reactions: 'one',
    retention_days: null
  }))
  await ok(key.call('PUT', '/chats/case-7', { type: 'support', members: [{ user: 'ann' }, { user: 'dan' }] }))
  await post(dan, 'case-7', { text: 'Help' })
  await ok(key.call('POST', '/chats/case-7:freeze', {}))
  await ok(key.call('DELETE', '/users/dan'))
  t.ok(await eventually(async () => {
    const { text } = await key.call('GET', '/chats/case-7/events')
    return !text.includes('Help')
  }))

  const file = await confab(origin, ['export', '--all'])
  const copy = await startInstallation(t)
  t.match(await confab(copy, ['import', '-'], file), /^Imported 3 chats, 7 messages and 4 users\.\n$/)
  t.strictSame(await readInstallation(copy.cluster), await readInstallation(cluster))
  const lines = (text: string) => text.trimEnd().split('\n').slice(1)
  t.strictSame(lines(await confab(copy, ['export', '--all'])), lines(file))
  t.match(await confab(copy, ['chat', 'check', '--all']), /complete/)
})
