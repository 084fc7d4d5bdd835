import t from '../../support/tap.ts'
import { createApiKey } from '../../../src/domain/accounts/api-keys.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { connectRealtime, request } from '../../support/clients/realtime.ts'
import { connect, join } from '../../support/clients/socket.ts'
import { createChat, logIn, register } from '../../support/data/accounts.ts'
import { at, listAt, textAt } from '../../support/data/json.ts'
import { expectProblem } from '../../support/data/problems.ts'
import { KEYS } from '../../support/data/subscription.ts'
import { nowInSeconds, signWithSecret, USER_TOKEN_SECRETS } from '../../support/data/user-tokens.ts'
import { onOneDeployment, onServices } from '../../support/servers/deployments.ts'
import { withFaults } from '../../support/servers/faulty-bus.ts'

const POLICY_VIOLATION = 1008

await onOneDeployment(
  t,
  async (t, cluster) => {
    const key = await createApiKey(cluster.orm, { name: 'a test', scopes: ['users:write'], expiresAt: null })
    type Headers = Record<string, string>
    const as = (bearer: string) => (method: string, path: string, body?: object, headers: Headers = {}) =>
      cluster.call(method, `/v1/${path}`, { bearer, headers, ...(body !== undefined && { body }) })
    const backend = as(key)
    const asKeyOfChats = as(
      await createApiKey(cluster.orm, { name: 'a test', scopes: ['chats:write'], expiresAt: null })
    )
    const tokenOf = (sub: string) => signWithSecret({ sub, iat: nowInSeconds() - 10 })
    const statusOf = async (bearer: string, replica: number) =>
      (await cluster.get('/v1/me', { bearer, replica })).status

    await t.test('a profile is changed in part, by its user and by the backend, from a known version', async (t) => {
      const id = uniqueName('user-')
      const own = as(tokenOf(id))
      t.equal((await own('GET', 'me')).status, 200)
      const first = await own('PATCH', 'me', { name: ' Ann ', data: { plan: { seats: 3, trial: true }, tags: [1] } })
      t.strictSame([first.status, first.headers.get('etag')], [200, '"2"'])
      t.hasStrict(first.body, { id, name: 'Ann', avatar: null, version: 2, pos: 0 })
      const patch = { data: { plan: { trial: null }, tags: null, b: 1 }, avatar: 'https://example.org/a.png' }
      const second = await backend('PATCH', `users/${id}`, patch, { 'if-match': '"2"' })
      t.hasStrict(second.body, { name: 'Ann', avatar: patch.avatar, data: { plan: { seats: 3 }, b: 1 }, version: 3 })
      for (const tag of ['"2"', 'W/"3"', '"x"'])
        expectProblem(t, await own('PATCH', 'me', { name: 'Bob' }, { 'if-match': tag }), 412, 'version_conflict', tag)
      t.equal(at((await own('PATCH', 'me', {}, { 'if-match': '"1", "3"' })).body, 'version'), 3, 'nothing has changed')
      const merged = await cluster.call('PATCH', '/v1/me', {
        bearer: tokenOf(id), raw: { type: 'application/merge-patch+json', text: '{"data":null,"avatar":null}' }
      })
      t.hasStrict(merged.body, { data: {}, avatar: null, version: 4 })
      for (const body of [{ name: null }, { id: 'x' }, { avatar: 'x' }, { data: { x: 'x'.repeat(8_192) } }])
        expectProblem(t, await own('PATCH', 'me', body), 400, 'invalid_input', JSON.stringify(body).slice(0, 30))
      expectProblem(t, await backend('PATCH', 'users/nobody', {}), 404, 'unknown_user')
    })

    await t.test('a block ends what two users have with each other alone, both ways', async (t) => {
      const [ann, bob, cat] = [uniqueName('ann-'), uniqueName('bob-'), uniqueName('cat-')]
      const [asAnn, asBob, asCat] = [as(tokenOf(ann)), as(tokenOf(bob)), as(tokenOf(cat))]
      for (const own of [asAnn, asBob, asCat]) t.equal((await own('GET', 'me')).status, 200)
      const direct = textAt((await asBob('PUT', 'chats:direct', { user: ann })).body, 'chat', 'id')
      const post = async (own: typeof asAnn, extras: object = {}) =>
        (await own('POST', `chats/${direct}/messages`, { text: 'hello', ...extras })).status
      t.equal(await post(asBob), 201)
      const socket = await connectRealtime(t, cluster.replica(0), tokenOf(bob))
      const anns = await connectRealtime(t, cluster.replica(1), tokenOf(ann), { feed: {} })
      await request(socket, { type: 'watch', users: [ann] })
      await socket.next(({ status }) => status === 'online')
      for (const user of [bob, cat, bob]) t.equal((await asAnn('PUT', `me/blocks/${user}`)).status, 204)
      t.equal((await socket.next())['status'], 'unknown')
      for (const user of [bob, cat]) {
        t.hasStrict((await anns.next())['event'], { type: 'block.added', data: { user } }, 'once')
      }
      const list = await asAnn('GET', 'me/blocks?limit=1')
      t.hasStrict(list.body, { items: [{ user: bob }], pos: 3 })
      const rest = await asAnn('GET', `me/blocks?limit=1&cursor=${textAt(list.body, 'next')}`)
      t.hasStrict(rest.body, { items: [{ user: cat }], next: null })
      t.equal((await asAnn('GET', `me/blocks/${bob}`)).status, 200)
      expectProblem(t, await asBob('GET', `me/blocks/${ann}`), 404, 'unknown_block')
      expectProblem(t, await asAnn('PUT', `me/blocks/${ann}`), 400, 'invalid_input')
      expectProblem(t, await asAnn('PUT', 'me/blocks/nobody'), 404, 'unknown_user')

      for (const own of [asAnn, asBob]) {
        t.strictSame([await post(own), await post(own, { data: { a: 1 } })], [403, 403], 'a plain one, and another')
        expectProblem(t, await own('PUT', `chats/${direct}/messages/1/reactions/x`), 403, 'forbidden')
        t.equal((await own('GET', `chats/${direct}/messages`)).status, 200)
      }
      expectProblem(t, await asBob('PATCH', `chats/${direct}/messages/1`, { text: 'worse' }), 403, 'forbidden')
      t.equal((await asBob('DELETE', `chats/${direct}/messages/1`)).status, 200)
      for (const freezing of ['freeze', 'unfreeze'])
        t.equal((await asKeyOfChats('POST', `chats/${direct}:${freezing}`, {})).status, 200)
      t.equal(await post(asBob), 403, 'it is not undone')
      expectProblem(t, await asCat('PUT', 'chats:direct', { user: ann }), 403, 'blocked')
      expectProblem(t, await asAnn('PUT', 'chats:direct', { user: cat }), 403, 'blocked')
      t.equal((await asBob('PUT', 'chats:direct', { user: ann })).status, 200, 'that is no new one')

      const members = [{ user: ann }]
      expectProblem(t, await asCat('POST', 'chats', { type: 'group', name: 'g', members }), 403, 'blocked')
      const group = textAt((await asCat('POST', 'chats', { type: 'group', name: 'g' })).body, 'chat', 'id')
      expectProblem(t, await asCat('PUT', `chats/${group}/members/${ann}`, {}), 403, 'blocked')
      const added = (await asCat('POST', `chats/${group}/members`, { members: [...members, { user: bob }] })).body
      t.hasStrict(at(added, 'items'), [{ problem: { code: 'blocked' } }, { member: { user: bob } }])
      t.equal((await asBob('PUT', `chats/${group}/members/${ann}`, {})).status, 403, 'blocked by the same user')

      for (const user of [bob, cat, bob]) t.equal((await asAnn('DELETE', `me/blocks/${user}`)).status, 204)
      t.equal((await socket.next())['status'], 'online')
      t.equal(await post(asBob), 201)
      t.equal((await asCat('PUT', 'chats:direct', { user: ann })).status, 201)
      t.strictSame(at((await asAnn('GET', 'me/blocks')).body, 'items'), [])
    })

    await t.test('in the chat of a block nobody is shown typing, and permissions and the export say so', async (t) => {
      const [ann, bob] = [uniqueName('ann-'), uniqueName('bob-')]
      const [asAnn, asBob] = [as(tokenOf(ann)), as(tokenOf(bob))]
      t.strictSame([(await asAnn('GET', 'me')).status, (await asBob('GET', 'me')).status], [200, 200])
      const chat = textAt((await asBob('PUT', 'chats:direct', { user: ann })).body, 'chat', 'id')
      t.equal((await asBob('POST', `chats/${chat}/messages`, { text: 'hello' })).status, 201)
      const [anns, bobs, away] = [
        await connectRealtime(t, cluster.replica(0), tokenOf(ann), { feed: {} }),
        await connectRealtime(t, cluster.replica(0), tokenOf(bob)),
        await connectRealtime(t, cluster.replica(1), tokenOf(bob))
      ]
      for (const socket of [anns, bobs, away]) await request(socket, { type: 'subscribe', chats: [{ chat }] })
      anns.send({ type: 'typing', chat })
      for (const socket of [bobs, away]) t.hasStrict(await socket.next(), { type: 'typing', user: ann })

      const asOn = async (replica: number, method: string, path: string) =>
        (await cluster.call(method, `/v1/${path}`, { bearer: tokenOf(replica === 1 ? ann : bob), replica })).status
      t.equal(await asOn(1, 'PUT', `me/blocks/${bob}`), 204)
      t.hasStrict(await anns.next(), { event: { type: 'block.added' } }, 'this replica knows of the block')
      bobs.send({ type: 'typing', chat })
      t.equal(await asOn(2, 'PUT', `chats/${chat}/typing`), 204)
      for (const own of [asAnn, asBob]) {
        const permissions = ['read', 'delete_own']
        t.hasStrict((await own('GET', `chats/${chat}/me`)).body, { permissions })
        t.hasStrict((await own('GET', 'chats')).body, { items: [{ id: chat, me: { permissions } }] })
      }
      t.equal((await asBob('DELETE', `chats/${chat}/messages/1`)).status, 200)
      for (const socket of [anns, bobs, away])
        t.hasStrict(await socket.next(), { type: 'event', event: { type: 'message.deleted' } })
      const feed = (await asAnn('GET', 'feed')).body
      t.hasStrict((await asAnn('GET', 'me')).body, { pos: at(feed, 'pos'), epoch: at(feed, 'epoch') }, 'true for it')
      const blocks = async (user: string) => (await backend('POST', `users/${user}:export`, {})).body
      t.hasStrict(await blocks(ann), { blocks: [{ user: bob }] })
      t.hasStrict(await blocks(bob), { blocks: [] })

      t.equal((await asAnn('DELETE', `me/blocks/${bob}`)).status, 204)
      t.equal(listAt((await asBob('GET', `chats/${chat}/me`)).body, 'permissions').length, 6)
    })

    await t.test('of a block and a first chat at the same time one comes first, and the block holds', async (t) => {
      for (let round = 0; round < 5; round++) {
        const [ann, bob] = [uniqueName('ann-'), uniqueName('bob-')]
        const [asAnn, asBob] = [as(tokenOf(ann)), as(tokenOf(bob))]
        await Promise.all([asAnn('GET', 'me'), asBob('GET', 'me')])
        const [opened] = await Promise.all([
          asBob('PUT', 'chats:direct', { user: ann }), asAnn('PUT', `me/blocks/${bob}`)
        ])
        if (opened.status === 201) {
          const path = `chats/${textAt(opened.body, 'chat', 'id')}/messages`
          expectProblem(t, await asBob('POST', path, { text: 'x' }), 403, 'forbidden')
        } else expectProblem(t, opened, 403, 'blocked')
      }
    })

    await t.test('an account of ours has a profile, too, and shows its address to itself alone', async (t) => {
      const { accessToken, email } = await register(cluster)
      const own = as(accessToken)
      const { body } = await own('PATCH', 'me', { name: 'Carl', data: { a: 1 } })
      t.hasStrict(body, { name: 'Carl', data: { a: 1 }, version: 2, email })
      const id = textAt(body, 'id')
      const seen = (await as(tokenOf(uniqueName('user-')))('GET', `users/${id}`)).body
      t.hasStrict(seen, { id, name: 'Carl', data: { a: 1 }, version: 2 })
      t.equal(at(seen, 'email'), undefined)
      const patched = await backend('PATCH', `users/${id}`, { data: { b: 2 } })
      t.hasStrict(patched.body, { data: { a: 1, b: 2 }, version: 3 })
    })

    await t.test('users are found by the beginnings of their names and ids, page by page', async (t) => {
      const prefix = uniqueName('zed-')
      const { username } = await register(cluster, `${prefix}-0`)
      for (const number of [1, 2, 3]) await backend('PUT', `users/${prefix}-${String(number)}`, { name: `x${prefix}` })
      await backend('PUT', `users/${uniqueName('other-')}`, { name: `${prefix.toUpperCase()} Example` })
      const find = (query: string) => backend('GET', `users?search=${prefix}${query}`)
      const names = (body: unknown) => listAt(body, 'items').map((item) => at(item, 'name'))
      const all = [username, `x${prefix}`, `x${prefix}`, `x${prefix}`, `${prefix.toUpperCase()} Example`]
      const whole = await find('')
      t.strictSame([names(whole.body), at(whole.body, 'next'), at(whole.body, 'prev')], [all, null, null])
      const first = (await find('&limit=2')).body
      const second = (await find(`&limit=2&cursor=${textAt(first, 'next')}`)).body
      const third = (await find(`&limit=2&cursor=${textAt(second, 'next')}`)).body
      t.strictSame([...names(first), ...names(second), ...names(third)], all)
      t.equal(at(third, 'next'), null)
      t.strictSame((await find(`&limit=2&cursor=${textAt(third, 'prev')}`)).body, second)
      const other = await backend('GET', `users?search=x&cursor=${textAt(first, 'next')}`)
      expectProblem(t, other, 400, 'invalid_input', 'a cursor of another search')
      for (const query of ['limit=0', 'limit=201', 'limit=x', 'cursor=x', 'page=1'])
        expectProblem(t, await backend('GET', `users?${query}`), 400, 'invalid_input', query)
    })

    await t.test('of many users each succeeds or fails by itself, and with a key once', async (t) => {
      const [one, two] = [uniqueName('user-'), uniqueName('user-')]
      const send = () => backend('POST', 'users:batch', {
        users: [
          { id: two, name: 'Two' }, { id: 'cf~1' }, { id: one, name: '\u0007' }, { id: one, name: 'One' },
          { id: 'a/b' }, { id: one, name: 7 }, { id: one, age: 7 }, null
        ]
      }, { 'idempotency-key': one })
      const [answer, again] = [await send(), await send()]
      const items = listAt(answer.body, 'items')
      t.strictSame(items.map((item) => at(item, 'user', 'name') ?? at(item, 'problem', 'code')), [
        'Two', 'unknown_user', 'invalid_name', 'One', ...Array<string>(4).fill('invalid_input')
      ])
      t.strictSame([4, 5].map((index) => at(items[index], 'problem', 'errors', 0, 'pointer')), [
        '#/users/4/id', '#/users/5/name'
      ])
      t.equal(at(items[1], 'problem', 'status'), 404)
      t.strictSame([again.headers.get('idempotency-replayed'), again.text], ['true', answer.text])
      const many = { users: Array.from({ length: 101 }, (_, index) => ({ id: `u-${String(index)}` })) }
      expectProblem(t, await backend('POST', 'users:batch', many), 400, 'invalid_input')
    })

    await t.test('a suspended user is locked out on every replica, sockets too, until resumed', async (t) => {
      const id = uniqueName('user-')
      const token = tokenOf(id)
      const account = await register(cluster)
      const accountId = textAt((await as(account.accessToken)('GET', 'me')).body, 'id')
      for (const [user, bearer] of [[id, token], [accountId, account.accessToken]] as const) {
        const sockets = await Promise.all(cluster.replicas.map((replica) => connect(t, replica, bearer)))
        t.equal((await backend('POST', `users/${user}:suspend`, undefined, { 'idempotency-key': user })).status, 204)
        for (const socket of sockets) t.equal(await socket.closed(), POLICY_VIOLATION)
        for (const replica of cluster.replicas.keys()) t.equal(await statusOf(bearer, replica), 401)
        const proxy = await cluster.get('/v1/me', { bearer: key, headers: { 'confab-on-behalf-of': user } })
        expectProblem(t, proxy, 403, 'suspended')
        t.equal((await backend('POST', `users/${user}:resume`)).status, 204)
      }
      for (const replica of cluster.replicas.keys()) t.equal(await statusOf(token, replica), 200, 'the same token')
      t.equal((await statusOf((await logIn(cluster, account)).accessToken, 0)), 200)
      expectProblem(t, await backend('POST', 'users/nobody:suspend'), 404, 'unknown_user')
    })

    await t.test('an erased user is gone on every replica, and its id is not given out again', async (t) => {
      const id = uniqueName('user-')
      const token = tokenOf(id)
      await backend('POST', 'users:batch', { users: [{ id, name: 'Ann' }] }, { 'idempotency-key': id })
      const sockets = await Promise.all(cluster.replicas.map((replica) => connect(t, replica, token)))
      t.equal((await backend('DELETE', `users/${id}`)).status, 204)
      for (const socket of sockets) t.equal(await socket.closed(), POLICY_VIOLATION)
      for (const replica of cluster.replicas.keys()) t.equal(await statusOf(token, replica), 401)
      t.equal(await statusOf(signWithSecret({ sub: id, iat: nowInSeconds() + 100 }), 0), 401, 'no token brings it back')
      expectProblem(t, await backend('GET', `users/${id}`), 404, 'unknown_user')
      expectProblem(t, await backend('DELETE', `users/${id}`), 404, 'unknown_user')
      expectProblem(t, await backend('PUT', `users/${id}`, {}), 409, 'user_erased')
      const repeated = await backend('POST', 'users:batch', { users: [{ id, name: 'Ann' }] }, { 'idempotency-key': id })
      t.equal(at(repeated.body, 'items', 0, 'problem', 'code'), 'user_erased', 'no kept answer names it')
      t.equal((await backend('PUT', `users/${id.toUpperCase()}`, {})).status, 201, 'which is another id')
    })

    await t.test('an account erases itself with its password, and a backend shows what was stored of it', async (t) => {
      const [ann, bob] = [await register(cluster), await register(cluster)]
      const chat = await createChat(cluster, ann, bob)
      const socket = await join(t, cluster.replica(0), ann.accessToken, chat)
      for (const message of ['one', 'two']) {
        socket.send({ type: 'post_msg', chatID: chat, text: message })
        await socket.next(({ type }) => type === 'new_message')
      }
      const id = textAt((await as(ann.accessToken)('GET', 'me')).body, 'id')
      const own = as(ann.accessToken)
      await own('PUT', 'me/notifications', { push: 'mentions' })
      const subscription = { kind: 'web', endpoint: 'https://push.example.org/hidden', keys: KEYS }
      t.equal((await own('PUT', 'me/devices/phone', subscription)).status, 204)
      const { body, text } = await backend('POST', `users/${id}:export`, {})
      t.strictSame(listAt(body, 'chats').map((entry) => at(entry, 'chat')), [`cf~${String(chat)}`])
      t.strictSame(listAt(body, 'messages').map((message) => at(message, 'text')), ['one', 'two'])
      t.strictSame(listAt(body, 'devices').map((device) => at(device, 'device')), ['phone'])
      t.match(at(body, 'notifications'), { push: 'mentions', previews: 'on', quiet_hours: null, unread_mail: null })
      t.notMatch(text, /hidden/, 'it does not contain where the device is reached')
      expectProblem(t, await own('POST', 'me:erase', { password: 'wrong' }), 403, 'wrong_password')
      t.equal((await own('POST', 'me:erase', { password: ann.password })).status, 204)
      t.equal(await socket.closed(), POLICY_VIOLATION)
      t.equal(await statusOf(ann.accessToken, 0), 401)
      expectProblem(t, await backend('GET', `users/${id}`), 404, 'unknown_user')
      const session_token = bob.accessToken
      const messages = await cluster.post('/chat/messages', { session_token, chatID: chat })
      t.notMatch(messages.text, /"one"|"two"/)
    })
  },
  {
    environment: { PRESENCE: 'on', SESSION_CHECK_INTERVAL: '1h', USER_TOKEN_SECRET: USER_TOKEN_SECRETS[0] },
    inspectable: true
  }
)

await onServices(
  t,
  async (t, cluster) => {
    const bearer = await createApiKey(cluster.orm, { name: 'a test', scopes: ['users:write'], expiresAt: null })
    await t.test('a new user may come to two replicas at once', async (t) => {
      for (let round = 0; round < 30; round++) {
        const bearer = signWithSecret({ sub: uniqueName('user-') })
        const answers = await Promise.all(
          [0, 1, 0, 1].map((replica) => cluster.get('/v1/me', { bearer, replica }))
        )
        t.strictSame(answers.map(({ status }) => status), [200, 200, 200, 200])
      }
    })

    await t.test('what the bus loses is refused at once, and sockets are closed at the next check', async (t) => {
      for (const action of [':suspend', '/tokens:revoke']) {
        const sub = uniqueName('user-')
        const token = signWithSecret({ sub, iat: nowInSeconds() - 10 })
        const sockets = await Promise.all(cluster.replicas.map((replica) => connect(t, replica, token)))
        const body = action === ':suspend' ? {} : { body: {} }
        t.equal((await cluster.call('POST', `/v1/users/${sub}${action}`, { bearer, replica: 0, ...body })).status, 204)
        for (const replica of cluster.replicas.keys())
          expectProblem(t, await cluster.get('/v1/me', { bearer: token, replica }), 401, 'unauthenticated')
        for (const socket of sockets) t.equal(await socket.closed(), POLICY_VIOLATION)
      }
    })
  },
  {
    environment: { SESSION_CHECK_INTERVAL: '300ms', USER_TOKEN_SECRET: USER_TOKEN_SECRETS[0] },
    inspectable: true,
    replicas: 2,
    wrapBus: (bus) => withFaults(bus, () => [])
  }
)
