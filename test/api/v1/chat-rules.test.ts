import { eq } from 'drizzle-orm'
import t from '../../support/tap.ts'
import { BUILT_IN_TYPES } from '../../../src/domain/chats/chat-types.ts'
import { chats } from '../../../src/store/schema.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { connectRealtime, request } from '../../support/clients/realtime.ts'
import type { SocketClient } from '../../support/clients/socket.ts'
import { type ApiClient, clientOf, newKey, newUser, USER_TOKENS } from '../../support/data/api-clients.ts'
import { at, textAt } from '../../support/data/json.ts'
import { expectProblem } from '../../support/data/problems.ts'
import { signWithSecret } from '../../support/data/user-tokens.ts'
import { onServices } from '../../support/servers/deployments.ts'

await onServices(
  t,
  async (t, cluster) => {
    const [key, ann, bob] = [await newKey(cluster, 'chats:write'), await newUser(cluster), await newUser(cluster)]

    /** Defines a type like that of channels, with other features and limits. */
    const defineType = async (
      changes: { features?: object, limits?: object, visibility?: string }, type = uniqueName('t')
    ) => {
      const { roles, features, limits, visibility, ...rest } = BUILT_IN_TYPES.channel
      const answer = await key.call('PUT', `/chat-types/${type}`, {
        ...rest,
        visibility: changes.visibility ?? visibility,
        roles: Object.fromEntries(roles.map(({ role, permissions }) => [role, permissions])),
        features: { ...features, ...changes.features },
        limits: { ...limits, ...changes.limits }
      })
      if (answer.status >= 300) throw new Error(answer.text)
      return type
    }
    /** Makes a chat of Ann's with a member. */
    const make = async (type: string, member: ApiClient = bob) => {
      const id = uniqueName('chat-')
      const made = await ann.call('PUT', `/chats/${id}`, { type, members: [{ user: member.id }] })
      return textAt(made.body, 'chat', 'id')
    }
    const post = (by: ApiClient, chat: string, body: object = { text: 'x' }) =>
      by.call('POST', `/chats/${chat}/messages`, body)

    await t.test('what the type of a chat limits is refused by its name, until the type changes', async (t) => {
      const type = await defineType({ limits: { text: 5, slow_mode_s: 3_600 } })
      const chat = await make(type)
      const socket = await connectRealtime(t, cluster.replica(1), bob.bearer)
      const send = async (text: string, more = {}) =>
        (await request(socket, { type: 'send', chat, client_id: uniqueName('c'), text, ...more })).answer
      t.hasStrict(await send('123456'), { type: 'problem', code: 'text_too_long' })
      t.equal((await post(bob, chat, { text: '12345', client_id: 'one' })).status, 201)
      const slow = await post(bob, chat)
      expectProblem(t, slow, 429, 'slow_mode')
      t.ok(Number(slow.headers.get('retry-after')) > 3_500, 'it says how long')
      t.equal((await post(bob, chat, { text: '12345', client_id: 'one' })).status, 200, 'a retry is none')
      t.hasStrict(await send('x'), { code: 'slow_mode' })
      t.hasStrict(await send('x', { data: { a: 1 } }), { code: 'slow_mode' })
      for (const text of ['one', 'two']) t.equal((await post(ann, chat, { text })).status, 201, 'no wait')
      const edit = await bob.call('PATCH', `/chats/${chat}/messages/4`, { text: '123456' })
      expectProblem(t, edit, 400, 'text_too_long')
      t.equal((await bob.call('PATCH', `/chats/${chat}/messages/4`, { text: 'x' })).status, 200)

      await bob.call('POST', `/chats/${chat}:leave`, {})
      await bob.call('POST', `/chats/${chat}:join`, {})
      expectProblem(t, await post(bob, chat), 429, 'slow_mode', 'also after leaving')
      await defineType({}, type)
      t.hasStrict(await send('123456'), { type: 'ack' })
    })

    await t.test('a chat has one id, which is not given out again', async (t) => {
      const chat = await make('group')
      const [row] = await cluster.orm.select({ id: chats.id }).from(chats).where(eq(chats.publicId, chat))
      const number = `cf~${String(row?.id)}`
      const claimed = signWithSecret({ sub: ann.id, chats: { 'cf~*': ['read', 'post'] } })
      expectProblem(t, await ann.call('GET', `/chats/${number}`), 404, 'unknown_chat')
      for (const token of [ann.bearer, claimed]) {
        const socket = await connectRealtime(t, cluster.replica(1), token)
        const { before } = await request(socket, { type: 'subscribe', chats: [{ chat: number }] })
        t.hasStrict(before, [{ type: 'problem', code: 'unknown_chat' }])
        if (token === ann.bearer) await request(socket, { type: 'subscribe', chats: [{ chat }] })
        for (const frame of [{ type: 'send', client_id: 'x', text: 'x' }, { type: 'react', seq: 1, emoji: 'x' }])
          t.hasStrict((await request(socket, { ...frame, chat: number })).answer, { code: 'unknown_chat' })
      }
      const put = (by: ApiClient) => by.call('PUT', `/chats/${chat}`, { type: 'group' })
      t.equal((await put(ann)).status, 200)
      const socket = await connectRealtime(t, cluster.replica(1), bob.bearer, { feed: {} })
      await ann.call('DELETE', `/chats/${chat}`)
      t.hasStrict((await socket.next(({ type }) => type === 'feed'))['event'], {
        type: 'chat.removed', data: { reason: 'deleted' }
      })
      for (const by of [ann, bob, key]) expectProblem(t, await put(by), 409, 'chat_deleted')
      expectProblem(t, await ann.call('GET', `/chats/${chat}`), 404, 'unknown_chat')
    })

    await t.test('a narrowed token of an owner changes own messages alone, and none if it may only read', async (t) => {
      const chat = await make('group')
      const narrowed = (...rights: string[]) =>
        clientOf(cluster, ann.id, signWithSecret({ sub: ann.id, chats: { [chat]: rights } }))
      const [both, reading, posting] = [narrowed('read', 'post'), narrowed('read'), narrowed('post')]
      for (const by of [bob, ann]) t.equal((await post(by, chat)).status, 201)
      const [ofBob, ofAnn] = [`/chats/${chat}/messages/4`, `/chats/${chat}/messages/5`]
      const sockets = await Promise.all([both, reading].map(({ bearer }) =>
        connectRealtime(t, cluster.replica(1), bearer)))
      const sent = async (index: number, frame: object) => {
        const socket = sockets[index]
        if (socket === undefined) throw new Error('There is no such socket.')
        return (await request(socket, { chat, ...frame })).answer
      }
      for (const method of ['PATCH', 'DELETE'] as const) {
        const body = method === 'PATCH' ? { text: 'y' } : undefined
        expectProblem(t, await both.call(method, ofBob, body), 403, 'not_the_author', `${method} by both`)
        expectProblem(t, await reading.call(method, ofAnn, body), 403, 'forbidden', `${method} by a reader`)
      }
      for (const frame of [{ type: 'edit', seq: 4, text: 'y' }, { type: 'delete', seq: 4 }]) {
        t.hasStrict(await sent(0, frame), { code: 'not_the_author' })
        t.hasStrict(await sent(1, { ...frame, seq: 5 }), { code: 'forbidden' })
      }
      for (const path of [`${ofBob}/reactions/x`, `/chats/${chat}/pins/4`])
        expectProblem(t, await reading.call('PUT', path), 403, 'forbidden')
      for (const frame of [{ type: 'react', seq: 4, emoji: 'x' }, { type: 'send', client_id: 'x', text: 'x' }])
        t.hasStrict(await sent(1, frame), { code: 'forbidden' })
      t.hasStrict(await sent(1, { type: 'delete', seq: 4, for: 'me' }), { type: 'ack' }, 'for itself')
      t.equal((await both.call('PATCH', ofAnn, { text: 'y' })).status, 200)
      t.hasStrict(await sent(0, { type: 'delete', seq: 5 }), { type: 'ack' })
      t.equal((await ann.call('PATCH', ofBob, { text: 'y' })).status, 200, 'without a claim')

      for (const path of ['', '/members', '/messages', '/events', '/me'])
        expectProblem(t, await posting.call('GET', `/chats/${chat}${path}`), 403, 'forbidden', `GET ${path}`)
      t.equal((await post(posting, chat)).status, 201)
    })

    await t.test('a narrowed token of an owner waits in slow mode, and is silent in a frozen chat', async (t) => {
      const chat = await make(await defineType({ limits: { slow_mode_s: 3_600 } }))
      const frozen = await make('channel')
      const claim = { [frozen]: ['read', 'post'], [chat]: ['read', 'post'] }
      const narrowed = clientOf(cluster, ann.id, signWithSecret({ sub: ann.id, chats: claim }))
      const socket = await connectRealtime(t, cluster.replica(1), narrowed.bearer)
      const send = { type: 'send', client_id: uniqueName('c'), text: 'x' }
      const withData = { ...send, data: { a: 1 } }
      for (let count = 0; count < 2; count++) t.equal((await post(ann, chat)).status, 201, 'the owner does not wait')
      expectProblem(t, await post(narrowed, chat), 429, 'slow_mode')
      expectProblem(t, await post(narrowed, chat, { text: 'x', reply_to: 4 }), 429, 'slow_mode')
      for (const frame of [send, withData])
        t.hasStrict((await request(socket, { ...frame, chat })).answer, { code: 'slow_mode' })

      const known = { text: 'x', client_id: 'known' }
      for (const body of [known, { ...known, client_id: 'more', data: {} }])
        t.equal((await post(narrowed, frozen, body)).status, 201)
      await ann.call('POST', `/chats/${frozen}:freeze`, {})
      for (const body of [{ text: 'x' }, { text: 'x', data: { a: 1 } }])
        expectProblem(t, await post(narrowed, frozen, body), 403, 'chat_frozen')
      t.equal((await post(narrowed, frozen, known)).status, 200, 'a retry is none')
      t.equal((await post(narrowed, frozen, { ...known, client_id: 'more', data: {} })).status, 200)
      const url = `/chats/${frozen}/messages/4`
      expectProblem(t, await narrowed.call('PATCH', url, { text: 'y' }), 403, 'chat_frozen')
      expectProblem(t, await narrowed.call('PUT', `${url}/reactions/x`), 403, 'chat_frozen')
      expectProblem(t, await narrowed.call('PUT', `/chats/${frozen}/pins/4`), 403, 'chat_frozen')
      for (const frame of [send, withData, { type: 'edit', seq: 4, text: 'y' }, { type: 'delete', seq: 4 }])
        t.hasStrict((await request(socket, { ...frame, chat: frozen })).answer, { code: 'chat_frozen' })
      t.equal((await post(ann, frozen)).status, 201, 'without a claim')
      t.equal((await ann.call('PATCH', url, { text: 'y' })).status, 200)
    })

    await t.test('anybody follows a public chat, until it is for its members alone', async (t) => {
      const type = await defineType({})
      const chat = await make(type)
      const [visitor, joining] = [await newUser(cluster), await newUser(cluster)]
      const follow = async (by: ApiClient, replica: number) => {
        const socket = await connectRealtime(t, cluster.replica(replica), by.bearer)
        return { socket, ...await request(socket, { type: 'subscribe', chats: [{ chat, after: 0 }] }) }
      }
      const followers = await Promise.all([0, 1].flatMap((replica) =>
        [visitor, joining, bob].map(async (by) => ({ by, ...await follow(by, replica) }))))
      for (const { before } of followers)
        t.strictSame(before.map(({ type }) => type), ['event', 'event', 'event', 'subscribed'])
      const claim = { [chat]: ['read'] }
      const narrowed = clientOf(cluster, visitor.id, signWithSecret({ sub: visitor.id, chats: claim }))
      t.strictSame((await follow(narrowed, 1)).before.at(-1)?.['type'], 'subscribed')
      const elsewhere = clientOf(cluster, visitor.id, signWithSecret({ sub: visitor.id, chats: { x: ['read'] } }))
      t.hasStrict((await follow(elsewhere, 1)).before, [{ type: 'problem', code: 'unknown_chat' }])

      const seq = Number(at((await post(ann, chat)).body, 'seq'))
      for (const { by, socket } of followers) {
        const { event } = await socket.next()
        const items = at((await by.call('GET', `/chats/${chat}/events?after=${String(seq - 1)}`)).body, 'items')
        t.strictSame(items, [event])
      }
      const paths = [
        '', '/members', '/messages', `/messages/${String(seq)}`, '/pins', `/messages/${String(seq)}/reactions`
      ]
      for (const path of paths) t.equal((await visitor.call('GET', `/chats/${chat}${path}`)).status, 200, path)
      const [first, second, , , , ofBob] = followers.map(({ socket }) => socket)
      if (first === undefined || second === undefined || ofBob === undefined) throw new Error('There are six sockets.')
      for (const frame of [
        { type: 'send', client_id: 'x', text: 'x' }, { type: 'react', seq, emoji: 'x' }, { type: 'read', seq },
        { type: 'edit', seq, text: 'x' }, { type: 'delete', seq }, { type: 'delete', seq, for: 'me' }
      ]) t.hasStrict((await request(first, { chat, ...frame })).answer, { code: 'unknown_chat' }, frame.type)
      first.send({ type: 'typing', chat })
      ofBob.send({ type: 'typing', chat })
      await request(ofBob, { type: 'send', chat, client_id: 'one', text: 'one' })
      const typesUntil = async (socket: SocketClient, last: number) => {
        const from = socket.frames.length
        await socket.next(({ event }) => at(event, 'seq') === last)
        return socket.frames.slice(from).map(({ type }) => type)
      }
      for (const { socket, by } of followers.filter(({ by }) => by !== bob))
        t.notOk((await typesUntil(socket, seq + 1)).includes('typing'), `${by.id} is not told who is typing`)
      t.equal((await joining.call('POST', `/chats/${chat}:join`, {})).status, 200)
      await second.next(({ event }) => at(event, 'type') === 'member.joined')
      second.send({ type: 'typing', chat })
      await ofBob.next(({ type, user }) => type === 'typing' && user === joining.id)

      await defineType({ visibility: 'private' }, type)
      await post(ann, chat, { text: 'in private' })
      for (const { by, socket } of followers) {
        const isGone = by === visitor
        const frame = await socket.next(({ type, event }) => type === 'reset' || at(event, 'seq') === seq + 3)
        t.equal(frame['type'], isGone ? 'reset' : 'event')
        if (!isGone) continue
        t.hasStrict(frame, { chat, reason: 'removed' })
        const { before } = await request(socket, { type: 'subscribe', chats: [{ chat }] })
        t.hasStrict(before, [{ code: 'unknown_chat' }])
        t.notOk(JSON.stringify(socket.frames).includes('in private'))
      }
      for (const path of paths)
        expectProblem(t, await visitor.call('GET', `/chats/${chat}${path}`), 404, 'unknown_chat')
    })

    await t.test('of many members only their number is told, and each of their own changes', async (t) => {
      const chat = await make('channel')
      const users = await Promise.all(Array.from({ length: 3 }, async () => newUser(cluster)))
      const [cleo, dora, eve] = users
      if (cleo === undefined || dora === undefined || eve === undefined) throw new Error('There are three users.')
      const follow = async (by: ApiClient, replica: number, position: object = {}) => {
        const socket = await connectRealtime(t, cluster.replica(replica), by.bearer)
        const { before } = await request(socket, { type: 'subscribe', chats: [{ chat, ...position }] })
        return { socket, events: before.flatMap(({ event }) => event === undefined ? [] : [event]) }
      }
      const sockets = await Promise.all([0, 1].flatMap((replica) => [ann, bob].map((by) => follow(by, replica))))
      for (const { id } of users) await ann.call('PUT', `/chats/${chat}/members/${id}`, {})
      const leaving = await Promise.all([0, 1].map((replica) => follow(eve, replica)))
      await ann.call('PATCH', `/chats/${chat}/members/${bob.id}`, { role: 'admin' })
      await eve.call('POST', `/chats/${chat}:leave`, {})
      const end = Number(at((await dora.call('POST', `/chats/${chat}:leave`, {})).body, 'seq'))
      const seen = (events: readonly unknown[]) => events.map((event) =>
        [at(event, 'type'), at(event, 'data', 'member', 'user') ?? at(event, 'data', 'member_count')])
      const expected = (own?: ApiClient) => [
        ['member.added', cleo.id],
        ['member.added', 4],
        ['member.added', own === eve ? eve.id : 5],
        ['member.updated', own === bob ? bob.id : 5],
        ['member.left', own === eve ? eve.id : 4],
        ['member.left', dora.id]
      ]
      for (const [index, { socket }] of sockets.entries()) {
        await socket.next(({ event }) => at(event, 'seq') === end)
        const own = index % 2 === 0 ? ann : bob
        const live = socket.frames.flatMap(({ event }) => event === undefined ? [] : [event])
        t.strictSame(seen(live), expected(own))
        t.strictSame((await follow(own, 1, { after: 3 })).events, live, 'as in a replay')
        t.strictSame(at((await own.call('GET', `/chats/${chat}/events?after=3`)).body, 'items'), live, 'and in a list')
      }
      for (const { socket } of leaving) {
        await socket.next(({ type }) => type === 'reset')
        const live = socket.frames.flatMap(({ event }) => event === undefined ? [] : [event])
        t.strictSame(seen(live), expected(eve).slice(3, 5))
      }
      const reader = await newKey(cluster, 'messages:read')
      const items = at((await reader.call('GET', `/chats/${chat}/events?after=3`)).body, 'items')
      t.strictSame(seen(Array.isArray(items) ? items : []), expected(), 'an API key is told no more')
    })

    await t.test('what the chats of a type do not have is refused by its name', async (t) => {
      const chat = await make(await defineType({ features: { threads: false, reactions: false, typing: false } }))
      const socket = await connectRealtime(t, cluster.replica(1), bob.bearer)
      const other = await connectRealtime(t, cluster.replica(0), ann.bearer)
      await request(other, { type: 'subscribe', chats: [{ chat }] })
      t.equal((await post(bob, chat)).status, 201)
      expectProblem(t, await post(bob, chat, { text: 'x', parent: 4 }), 403, 'feature_off')
      t.equal((await post(bob, chat, { text: 'x', reply_to: 4 })).status, 201, 'a quote is no thread')
      const react = await bob.call('PUT', `/chats/${chat}/messages/4/reactions/👍`)
      expectProblem(t, react, 403, 'feature_off')
      const problem = await request(socket, { type: 'react', chat, seq: 4, emoji: '👍' })
      t.hasStrict(problem.answer, { type: 'problem', code: 'feature_off' })
      socket.send({ type: 'typing', chat })
      await request(socket, { type: 'subscribe', chats: [{ chat }] })
      socket.send({ type: 'typing', chat })
      await bob.call('PUT', `/chats/${chat}/typing`)
      const { answer } = await request(socket, { type: 'send', chat, client_id: 'last', text: 'last' })
      for (;;) {
        const frame = await other.next()
        t.not(frame['type'], 'typing')
        if (at(frame, 'event', 'seq') === answer['seq']) break
      }
    })
  },
  { environment: { ...USER_TOKENS, SWEEP_INTERVAL: '1h', MEMBER_EVENTS_MAX: '3' }, inspectable: true, replicas: 2 }
)
