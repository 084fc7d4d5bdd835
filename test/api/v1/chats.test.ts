import { eq } from 'drizzle-orm'
import t from '../../support/tap.ts'
import { chatEvents, chatHeads } from '../../../src/store/schema.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { type ApiClient, clientOf, newKey, newUser, USER_TOKENS } from '../../support/data/api-clients.ts'
import { at, integerAt, isRecord, listAt, textAt } from '../../support/data/json.ts'
import { expectProblem } from '../../support/data/problems.ts'
import type { Answer } from '../../support/clients/http.ts'
import { signWithSecret } from '../../support/data/user-tokens.ts'
import { onServices } from '../../support/servers/deployments.ts'

/** The values at a path in each item of a list. */
const each = (answer: Answer, ...path: (string | number)[]) => {
  const items = at(answer.body, 'items')
  return Array.isArray(items) ? items.map((item: unknown) => at(item, ...path)) : []
}

await onServices(
  t,
  async (t, cluster) => {
    const [key, ann, bob, cleo] = [
      await newKey(cluster, 'chats:write'), await newUser(cluster), await newUser(cluster), await newUser(cluster)
    ]
    /** Makes a chat of Ann's. */
    const make = async (request: object = {}, by: ApiClient = ann) => {
      const made = await by.call('POST', '/chats', { type: 'group', name: 'A chat', ...request })
      if (made.status !== 201) throw new Error(made.text)
      return textAt(made.body, 'chat', 'id')
    }
    const memberRow = (user: ApiClient, role = 'member') => ({ user: user.id, role })
    const numberOf = (chat: string) => Number(chat.replace('cf~', ''))
    const postRolesOf = async (chat: string) => {
      const [row] = await cluster.orm.select({ roles: chatHeads.postRoles }).from(chatHeads)
        .where(eq(chatHeads.chatId, numberOf(chat)))
      return row?.roles
    }
    const kindsOf = async (chat: string) => {
      const rows = await cluster.orm.select({ seq: chatEvents.seq, kind: chatEvents.kind }).from(chatEvents)
        .where(eq(chatEvents.chatId, numberOf(chat))).orderBy(chatEvents.seq)
      return rows.map(({ seq, kind }) => `${String(seq)} ${kind}`)
    }

    await t.test('a chat is made with its members, changed under its version, and deleted', async (t) => {
      const made = await ann.call('POST', '/chats', {
        type: 'group',
        name: ' Order 4711 ',
        description: 'Of Ann',
        avatar: 'https://example.org/a.png',
        data: { order: 4711 },
        members: [{ user: bob.id }, { user: cleo.id, role: 'admin' }]
      })
      t.equal(made.status, 201)
      const id = textAt(made.body, 'chat', 'id')
      t.match(id, /^cf~\d+$/)
      t.hasStrict(made.body, {
        seq: 4,
        chat: {
          type: 'group', name: 'Order 4711', description: 'Of Ann', data: { order: 4711 }, version: 1, member_count: 3,
          frozen_at: null, head: 4, last_message: null, unread: 0, me: { role: 'owner', muted: false }
        }
      })
      t.strictSame(await kindsOf(id), ['1 chat.created', '2 member.joined', '3 member.added', '4 member.added'])
      t.equal(made.headers.get('etag'), '"1"')
      const listed = await bob.call('GET', '/chats')
      t.strictSame([each(listed, 'id'), at(listed.body, 'pos')], [[id], 1], 'true for the position in the feed')

      const change = (by: ApiClient, body: object, tag?: string) =>
        by.call('PATCH', `/chats/${id}`, body, tag === undefined ? {} : { headers: { 'if-match': tag } })
      t.hasStrict((await change(cleo, { name: null, data: { open: true, order: null } }, '"1"')).body, {
        seq: 5, chat: { name: null, description: 'Of Ann', data: { open: true }, version: 2 }
      })
      expectProblem(t, await change(cleo, { name: 'x' }, '"1"'), 412, 'version_conflict')
      expectProblem(t, await change(cleo, { name: 'x' }, 'W/"2"'), 412, 'version_conflict', 'a weak tag')
      t.hasStrict((await change(cleo, { data: { open: true } }, '*')).body, { seq: null, chat: { version: 2 } })
      expectProblem(t, await change(bob, { name: 'x' }), 403, 'forbidden')
      expectProblem(t, await cleo.call('DELETE', `/chats/${id}`), 403, 'forbidden', 'an admin deletes no chat')
      const outdated = { headers: { 'if-match': '"1"' } }
      expectProblem(t, await ann.call('DELETE', `/chats/${id}`, undefined, outdated), 412, 'version_conflict')
      t.equal((await ann.call('DELETE', `/chats/${id}`)).status, 204)
      for (const client of [ann, bob, key])
        expectProblem(t, await client.call('GET', `/chats/${id}`), 404, 'unknown_chat')
    })

    await t.test('an id of the application names one chat, whoever asks for it', async (t) => {
      const id = uniqueName('order-')
      const put = (by: ApiClient, type = 'group') =>
        by.call('PUT', `/chats/${id}`, { type, members: [{ user: bob.id }] })
      const answers = await Promise.all([put(ann), put(ann), put(ann), put(ann)])
      t.strictSame(answers.map(({ status }) => status).sort(), [200, 200, 200, 201])
      t.strictSame(answers.map(({ body }) => at(body, 'chat', 'id')), [id, id, id, id])
      t.equal((await put(bob)).status, 200)
      expectProblem(t, await put(bob, 'channel'), 409, 'chat_type_differs')
      expectProblem(t, await put(cleo), 409, 'chat_exists')
      t.equal((await put(key)).status, 200)
      t.equal((await ann.call('GET', `/chats/${id}`)).status, 200)
      expectProblem(t, await ann.call('PUT', '/chats/cf~1', { type: 'group' }), 404, 'unknown_chat', 'a reserved id')
      expectProblem(t, await ann.call('PUT', '/chats/a%20b', { type: 'group' }), 400, 'invalid_input', 'no id')
    })

    await t.test('two users have one direct chat, whatever they do at the same time', async (t) => {
      const [one, other] = [await newUser(cluster), await newUser(cluster)]
      const put = (by: ApiClient, user: string) => by.call('PUT', '/chats:direct', { user })
      const answers = await Promise.all([0, 1, 2].flatMap(() => [put(one, other.id), put(other, one.id)]))
      const [id = ''] = answers.map(({ body }) => textAt(body, 'chat', 'id'))
      t.ok(answers.every(({ body }) => at(body, 'chat', 'id') === id))
      t.equal(answers.filter(({ status }) => status === 201).length, 1)
      t.hasStrict((await one.call('GET', `/chats/${id}`)).body, {
        type: 'direct', name: other.id, partner: other.id, member_count: 2, me: { role: 'member' }
      })
      t.equal(at(listAt((await other.call('GET', '/chats')).body, 'items')[0], 'partner'), one.id)
      expectProblem(t, await put(one, one.id), 400, 'chat_with_yourself')
      expectProblem(t, await put(one, 'nobody'), 404, 'unknown_user')
      expectProblem(t, await put(key, one.id), 400, 'user_required')
      const add = await key.call('PUT', `/chats/${id}/members/${ann.id}`, {})
      expectProblem(t, add, 409, 'chat_is_direct')
      expectProblem(t, await key.call('PATCH', `/chats/${id}`, { name: 'x' }), 409, 'chat_is_direct')
      expectProblem(t, await one.call('PATCH', `/chats/${id}`, { data: {} }), 403, 'forbidden')
      t.equal((await one.call('POST', `/chats/${id}:leave`, {})).status, 200)
      expectProblem(t, await one.call('GET', `/chats/${id}`), 404, 'unknown_chat')
      t.hasStrict((await put(other, one.id)).body, { chat: { id, member_count: 2 } }, 'and it is in it again')
    })

    await t.test('users are added each on its own, and nobody twice', async (t) => {
      const id = await make({ members: [{ user: bob.id }] })
      const users = await Promise.all([1, 2, 3].map(() => newUser(cluster)))
      const [first, second = '', third = ''] = users.map(({ id }) => id)
      const putAs = (user: string, body: object, replica = 0) =>
        ann.call('PUT', `/chats/${id}/members/${user}`, body, { replica })
      const members = [
        { user: first }, { user: 'nobody' }, { user: second, role: 'guest' }, { user: third, role: 'owner' },
        { user: bob.id }, { user: bob.id, role: 'admin' }, { user: first }
      ]
      const added = await bob.call('POST', `/chats/${id}/members`, { members })
      t.equal(added.status, 200)
      const outcomes = each(added).map((item) => at(item, 'problem', 'code') ?? at(item, 'member', 'role'))
      t.strictSame(outcomes,
        ['member', 'unknown_user', 'forbidden', 'forbidden', 'member', 'member_exists', 'member'],
        'a member gives no roles')
      t.hasStrict(added.body, { seq: 4 })
      const same = { members: [{ user: first }] }
      const attempts = await Promise.all([0, 1, 2, 3].map(() => ann.call('POST', `/chats/${id}/members`, same)))
      t.ok(attempts.every(({ body }) => at(body, 'seq') === null))
      const put = await Promise.all([0, 1].map((replica) => putAs(second, { role: 'admin' }, replica)))
      t.strictSame(put.map(({ status }) => status).sort(), [200, 201])
      expectProblem(t, await putAs(second, {}), 409, 'member_exists')
      expectProblem(t, await putAs(third, { role: 'king' }), 400, 'unknown_role')
      t.equal(at((await ann.call('GET', `/chats/${id}`)).body, 'member_count'), 4)
    })

    await t.test('members are listed by pages, with the head that the list is true for', async (t) => {
      const id = await make()
      const users = await Promise.all(Array.from({ length: 5 }, () => newUser(cluster)))
      await ann.call('POST', `/chats/${id}/members`, { members: users.map(({ id: user }) => ({ user })) })
      const first = await ann.call('GET', `/chats/${id}/members?limit=4`)
      t.hasStrict(first.body, { head: 7, prev: null })
      const second = await ann.call('GET', `/chats/${id}/members?limit=4&cursor=${textAt(first.body, 'next')}`)
      const all = [ann.id, ...users.map(({ id }) => id)]
      t.strictSame([...each(first, 'user'), ...each(second, 'user')].sort(), all.sort())
      t.equal(at(second.body, 'next'), null)
      const back = await ann.call('GET', `/chats/${id}/members?limit=4&cursor=${textAt(second.body, 'prev')}`)
      t.strictSame(back.body, first.body)
      const other = await make()
      const foreign = await ann.call('GET', `/chats/${other}/members?cursor=${textAt(first.body, 'next')}`)
      expectProblem(t, foreign, 400, 'invalid_input')
    })

    await t.test('chats are listed by activity, and a page skips none that did not move', async (t) => {
      const user = await newUser(cluster)
      const ids: string[] = []
      for (let count = 0; count < 5; count++) ids.unshift(await make({}, user))
      const first = await user.call('GET', '/chats?limit=2')
      t.strictSame(each(first, 'id'), ids.slice(0, 2))
      const [, , , , last = ''] = ids
      await cluster.orm.update(chatHeads).set({ lastAt: new Date(Date.now() + 1_000) })
        .where(eq(chatHeads.chatId, numberOf(last)))
      const rest = await user.call('GET', `/chats?limit=200&cursor=${textAt(first.body, 'next')}`)
      t.strictSame(each(rest, 'id'), ids.slice(2, 4), 'the one that moved is at the top')
      t.strictSame(each(await user.call('GET', '/chats'), 'id'), [last, ...ids.slice(0, 4)])
      await user.call('PATCH', `/chats/${last}/me`, { archived: true })
      t.strictSame(each(await user.call('GET', '/chats?archived=true'), 'id'), [last])
      t.strictSame(each(await user.call('GET', '/chats?archived=false'), 'id'), ids.slice(0, 4))
      const ofKey = await key.call('GET', '/chats?limit=200')
      t.ok(each(ofKey, 'id').includes(last), 'a key sees all')
      t.equal(at(ofKey.body, 'pos'), null)
      t.strictSame(each(await key.call('GET', '/chats?limit=1'), 'me'), [null])
      const claim = { [ids[0] ?? '']: ['read'], 'cf~x*': ['read'] }
      const narrowed = clientOf(cluster, user.id, signWithSecret({ sub: user.id, chats: claim }))
      t.strictSame(each(await narrowed.call('GET', '/chats'), 'id'), ids.slice(0, 1), 'a token that is narrowed')
      t.strictSame(at((await narrowed.call('GET', `/chats/${ids[0] ?? ''}`)).body, 'me', 'permissions'), ['read'])
      expectProblem(t, await narrowed.call('GET', `/chats/${ids[1] ?? ''}`), 404, 'unknown_chat')
      expectProblem(t, await narrowed.call('POST', '/chats', { type: 'group' }), 403, 'insufficient_scope')
    })

    await t.test('a last owner stays until another member is the owner', async (t) => {
      const id = await make({ members: [memberRow(bob), memberRow(cleo, 'admin')] })
      const leave = (by: ApiClient, body: object = {}) => by.call('POST', `/chats/${id}:leave`, body)
      expectProblem(t, await leave(ann), 409, 'last_owner')
      expectProblem(t, await ann.call('DELETE', `/chats/${id}/members/${ann.id}`), 409, 'last_owner')
      expectProblem(t, await ann.call('PATCH', `/chats/${id}/members/${ann.id}`, { role: 'member' }), 409, 'last_owner')
      expectProblem(t, await key.call('DELETE', `/chats/${id}/members/${ann.id}`), 409, 'last_owner')
      expectProblem(t, await cleo.call('POST', `/chats/${id}:transfer`, { user: cleo.id }), 403, 'forbidden')
      t.hasStrict((await ann.call('POST', `/chats/${id}:transfer`, { user: bob.id })).body, {
        member: { user: bob.id, role: 'owner' }
      })
      t.equal(at((await ann.call('GET', `/chats/${id}/me`)).body, 'role'), 'admin')
      t.hasStrict((await leave(ann)).body, { member: { user: ann.id, role: 'admin' } })
      expectProblem(t, await leave(bob, { new_owner: ann.id }), 404, 'not_a_member')
      t.equal((await leave(bob, { new_owner: cleo.id })).status, 200)
      t.equal(at((await cleo.call('GET', `/chats/${id}/me`)).body, 'role'), 'owner')
      t.strictSame(await leave(cleo).then(({ body }) => at(body, 'seq')), null, 'the chat is gone with its only member')
      expectProblem(t, await key.call('GET', `/chats/${id}`), 404, 'unknown_chat')
    })

    await t.test('of two owners who demote each other at the same time one succeeds', async (t) => {
      for (let round = 0; round < 5; round++) {
        const id = await make({ members: [memberRow(bob, 'owner')] })
        const answers = await Promise.all([[ann, bob], [bob, ann]].map(([by = ann, whom = bob], replica) =>
          by.call('PATCH', `/chats/${id}/members/${whom.id}`, { role: 'member' }, { replica })))
        t.strictSame(answers.map(({ status }) => status).sort(), [200, 403])
        const roles = each(await ann.call('GET', `/chats/${id}/members`), 'role')
        t.strictSame(roles.sort(), ['member', 'owner'])
      }
    })

    await t.test('of two owners who leave at the same time one stays', async (t) => {
      const id = await make({ members: [memberRow(bob, 'owner'), memberRow(cleo)] })
      const answers = await Promise.all([ann, bob].map((by, replica) =>
        by.call('POST', `/chats/${id}:leave`, {}, { replica })))
      t.strictSame(answers.map(({ status }) => status).sort(), [200, 409])
    })

    await t.test('in a frozen chat only moderators post', async (t) => {
      const id = await make({ members: [memberRow(bob)] })
      const freeze = (by: ApiClient, action = 'freeze') => by.call('POST', `/chats/${id}:${action}`, {})
      expectProblem(t, await freeze(bob), 403, 'forbidden')
      t.hasStrict((await freeze(ann)).body, { seq: 4, chat: { version: 1 } })
      t.type(at((await bob.call('GET', `/chats/${id}`)).body, 'frozen_at'), 'string')
      t.strictSame(await postRolesOf(id), ['owner', 'admin'])
      t.hasStrict((await freeze(ann)).body, { seq: null }, 'it is frozen already')
      t.hasStrict((await freeze(ann, 'unfreeze')).body, { seq: 5, chat: { frozen_at: null } })
      t.equal(await postRolesOf(id), null)
    })

    await t.test('anybody may read and join a public chat, and sees all of it', async (t) => {
      const id = await make({ type: 'channel', name: 'News' })
      t.hasStrict((await bob.call('GET', `/chats/${id}`)).body, { me: { role: null, permissions: ['read'] } })
      t.equal((await bob.call('GET', `/chats/${id}/members`)).status, 200)
      const joins = await Promise.all([0, 1].map((replica) => bob.call('POST', `/chats/${id}:join`, {}, { replica })))
      t.strictSame(joins.map(({ body }) => at(body, 'seq')).sort(), [3, null])
      t.hasStrict((await bob.call('GET', `/chats/${id}`)).body, { member_count: 2, me: { role: 'member' } })
      expectProblem(t, await bob.call('POST', `/chats/${await make()}:join`, {}), 404, 'unknown_chat')
      expectProblem(t, await key.call('POST', `/chats/${id}:join`, {}), 400, 'user_required')
      const headers = { 'confab-on-behalf-of': cleo.id }
      t.equal((await key.call('POST', `/chats/${id}:join`, {}, { headers })).status, 200)
    })

    await t.test('an invite lets so many join, until it ends', async (t) => {
      const id = await make()
      const invite = await ann.call('POST', `/chats/${id}/invites`, { max_uses: 1 })
      t.equal(invite.status, 201)
      const code = textAt(invite.body, 'code')
      const accept = (by: ApiClient, replica = 0, which = code) =>
        by.call('POST', `/invites/${which}:accept`, {}, { replica })
      t.hasStrict((await accept(ann)).body, { seq: null, chat: { id } }, 'a member uses nothing')
      const answers = await Promise.all([accept(bob, 0), accept(cleo, 1)])
      t.strictSame(answers.map(({ status }) => status).sort(), [200, 404])
      t.hasStrict(each(await ann.call('GET', `/chats/${id}/invites`)), [{ uses: 1, max_uses: 1, created_by: ann.id }])
      const endless = await ann.call('POST', `/chats/${id}/invites`, {})
      const path = `/chats/${id}/invites/${textAt(endless.body, 'id')}`
      t.equal((await ann.call('DELETE', path)).status, 204)
      expectProblem(t, await ann.call('DELETE', path), 404, 'unknown_invite')
      expectProblem(t, await ann.call('GET', path), 404, 'unknown_invite')
      const stranger = await newUser(cluster)
      expectProblem(t, await accept(stranger, 0, textAt(endless.body, 'code')), 404, 'unknown_invite')
      expectProblem(t, await accept(stranger, 0, 'nothing'), 404, 'unknown_invite')
      const past = await ann.call('POST', `/chats/${id}/invites`, { expires_at: '2020-01-01T00:00:00Z' })
      expectProblem(t, past, 400, 'invalid_input')
    })

    await t.test('a member mutes, pins and archives a chat for themself', async (t) => {
      const id = await make({ members: [memberRow(bob)] })
      const path = `/chats/${id}/me`
      const before = (await bob.call('GET', path)).body
      t.hasStrict(before, { role: 'member', muted: false, pinned: false, archived: false, notifications: 'all' })
      const settings = { muted: true, pinned: true, notifications: 'mentions' }
      t.hasStrict((await bob.call('PATCH', path, settings)).body, { ...settings, archived: false })
      t.hasStrict((await bob.call('PATCH', path, { muted: false, archived: true })).body, {
        muted: false, pinned: true, archived: true, notifications: 'mentions'
      })
      t.hasStrict((await bob.call('PATCH', path, {})).body, { pinned: true })
      t.hasStrict((await ann.call('GET', path)).body, { muted: false, pinned: false })
      expectProblem(t, await key.call('GET', path), 400, 'user_required')
      expectProblem(t, await cleo.call('PATCH', path, {}), 404, 'unknown_chat')
      const channel = await make({ type: 'channel' })
      expectProblem(t, await cleo.call('PATCH', `/chats/${channel}/me`, { muted: true }), 404, 'not_a_member')
    })

    await t.test('a type that the application defines decides, for chats that exist, too', async (t) => {
      const type = uniqueName('t')
      const definition = {
        roles: { chief: ['read', 'post', 'add_members', 'change_roles', 'moderate'], worker: ['read', 'post'] },
        default_role: 'worker',
        creator_role: 'chief',
        visibility: 'private',
        history: 'from_join',
        features: { receipts: true, typing: true, threads: true, reactions: true, attachments: true },
        limits: { max_members: 2, text: null, slow_mode_s: null },
        reactions: 'one',
        retention_days: null
      }
      const put = (body: object, by = key) => by.call('PUT', `/chat-types/${type}`, body)
      t.hasStrict(await put(definition), { status: 201, body: { type, ...definition, version: 1 } })
      const roles = at((await put(definition)).body, 'roles')
      t.strictSame(isRecord(roles) && Object.keys(roles), ['chief', 'worker'])
      t.hasStrict(await put(definition), { status: 200, body: { version: 1 } })
      expectProblem(t, await put(definition, ann), 403, 'insufficient_scope')
      const id = await make({ type, members: [{ user: bob.id }] })
      expectProblem(t, await ann.call('PUT', `/chats/${id}/members/${cleo.id}`, {}), 409, 'too_many_members')
      const quiet = { ...definition, roles: { ...definition.roles, worker: ['read'] } }
      t.hasStrict(await put(quiet), { status: 200, body: { version: 2 } })
      t.strictSame(await postRolesOf(id), ['chief'])
      t.strictSame(at((await bob.call('GET', `/chats/${id}/me`)).body, 'permissions'), ['read'])
      t.strictSame(each(await bob.call('GET', '/chat-types'), 'type').slice(0, 4),
        ['direct', 'group', 'channel', 'broadcast'])
      const refused: [string, object][] = [
        ['a role is gone', { ...definition, roles: { chief: ['read'] } }],
        ['no such role', { ...definition, default_role: 'x' }],
        ['no such permission', { ...definition, roles: { chief: ['fly'], worker: [] } }],
        ['an unknown field', { ...definition, colour: 'red' }],
        ['a name that is none', { ...definition, roles: { ...definition.roles, 1: ['read'] } }]
      ]
      for (const [title, body] of refused) expectProblem(t, await put(body), 400, 'invalid_input', title)
      expectProblem(t, await key.call('PUT', '/chat-types/group', definition), 409, 'built_in_chat_type')
      expectProblem(t, await key.call('PUT', '/chat-types/-', definition), 400, 'invalid_input')
    })

    await t.test('bad input gets a sentence, and changes nothing', async (t) => {
      const id = await make()
      const cases: [method: string, path: string, body: unknown][] = [
        ['POST', '/chats', {}],
        ['POST', '/chats', { type: 'group', colour: 'red' }],
        ['POST', '/chats', { type: 'direct' }],
        ['POST', '/chats', { type: 'group', name: 'x'.repeat(101) }],
        ['POST', '/chats', { type: 'group', name: ' ' }],
        ['POST', '/chats', { type: 'group', name: 'a\nb' }],
        ['POST', '/chats', { type: 'group', description: 'x'.repeat(2_001) }],
        ['POST', '/chats', { type: 'group', avatar: 'javascript:alert(1)' }],
        ['POST', '/chats', { type: 'group', data: { x: 'x'.repeat(8_192) } }],
        ['POST', '/chats', { type: 'group', data: [] }],
        ['POST', '/chats', { type: 'group', members: Array.from({ length: 101 }, () => ({ user: bob.id })) }],
        ['POST', '/chats', { type: 'group', members: [{ user: bob.id }, { user: bob.id }] }],
        ['PATCH', `/chats/${id}`, { data: { x: 'x'.repeat(8_192) } }],
        ['PATCH', `/chats/${id}`, { type: 'channel' }],
        ['POST', `/chats/${id}/members`, { members: 'all' }],
        ['POST', `/chats/${id}:freeze`, { reason: 'x' }],
        ['POST', `/chats/${id}/invites`, { max_uses: 0 }],
        ['PATCH', `/chats/${id}/me`, { muted: 'yes' }],
        ['GET', '/chats?limit=0', undefined],
        ['GET', '/chats?colour=red', undefined],
        ['GET', '/chats?archived=1', undefined],
        ['GET', '/chats?cursor=x', undefined]
      ]
      for (const [method, path, body] of cases) {
        const title = `${method} ${path} ${JSON.stringify(body)}`.slice(0, 60)
        expectProblem(t, await ann.call(method, path, body), 400, 'invalid_input', title)
      }
      expectProblem(t, await ann.call('POST', '/chats', { type: 'nothing' }), 404, 'unknown_chat_type')
      const unknown = await ann.call('POST', '/chats', { type: 'group', members: [{ user: 'nobody' }] })
      expectProblem(t, unknown, 404, 'unknown_user')
      t.equal(integerAt((await ann.call('GET', `/chats/${id}`)).body, 'head'), 2)
    })

    await t.test('the same request with the same key has its effect once', async (t) => {
      const id = await make()
      const headers = { 'idempotency-key': uniqueName('k') }
      const add = (replica: number) =>
        ann.call('POST', `/chats/${id}/members`, { members: [{ user: bob.id }] }, { headers, replica })
      const answers = [await add(0), await add(1)]
      t.strictSame(answers.map(({ body }) => at(body, 'seq')), [3, 3])
      t.strictSame(await kindsOf(id), ['1 chat.created', '2 member.joined', '3 member.added'])
    })
  },
  { environment: USER_TOKENS, inspectable: true, replicas: 2 }
)
