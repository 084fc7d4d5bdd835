import t from '../../support/tap.ts'
import { createApiKey } from '../../../src/domain/accounts/api-keys.ts'
import { participants } from '../../../src/store/schema.ts'
import { connect, openSocket, type SocketClient } from '../../support/clients/socket.ts'
import { addV1Chat, addV1User, connectRealtime, request, shapesOf, userIdOf } from '../../support/clients/realtime.ts'
import { register } from '../../support/data/accounts.ts'
import { at, integerAt, listAt } from '../../support/data/json.ts'
import { eventually } from '../../support/deadline.ts'
import { USER_TOKEN_SECRETS } from '../../support/data/user-tokens.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onServices } from '../../support/servers/deployments.ts'

const POLICY_VIOLATION = 1008
const SERVICE_RESTART = 1012
const environment = { USER_TOKEN_SECRET: USER_TOKEN_SECRETS[0], SWEEP_INTERVAL: '1h' }

await onServices(
  t,
  async (t, cluster) => {
    const [one, two] = [cluster.replica(0), cluster.replica(1)]
    const [ann, bob] = [await addV1User(cluster, 'ann'), await addV1User(cluster, 'bob')]
    const { id: chat } = await addV1Chat(cluster.orm, [ann.userId, bob.userId])

    await t.test('the first frame is a hello, and tells who one is', async (t) => {
      const socket = await openSocket(t, one, '/v1/realtime')
      socket.send({ type: 'hello', token: ann.token, client: 'test/1', ref: 1 })
      const welcome = await socket.next()
      t.hasStrict(welcome, { type: 'welcome', ref: 1, user: ann.id, heartbeat_ms: 25_000 })
      t.match(welcome['epoch'], /./)
      const key = await createApiKey(cluster.orm, { name: 'a test', scopes: ['users:read'], expiresAt: null })
      for (const first of [
        { type: 'hello', token: 'nonsense' }, { type: 'hello', token: key }, { type: 'send' }, { type: 'hello' }
      ]) {
        const refused = await openSocket(t, one, '/v1/realtime')
        refused.send(first)
        t.equal((await refused.next())['type'], 'problem')
        t.equal(await refused.closed(), POLICY_VIOLATION)
      }
    })

    await t.test('a message reaches all sockets of the chat, on every replica, with the same bytes', async (t) => {
      const [author, reader] = [await connectRealtime(t, one, ann.token), await connectRealtime(t, two, bob.token)]
      for (const socket of [author, reader]) {
        const { before, answer } = await request(socket, { type: 'subscribe', chats: [{ chat }] })
        t.hasStrict(before, [{ type: 'subscribed', chat, head: 0 }])
        t.equal(answer['type'], 'ack')
      }
      author.send({ type: 'send', chat, client_id: 'c-1', text: 'Where is "it"?', ref: 7 })
      const event = await reader.next()
      t.hasStrict(event, {
        type: 'event',
        event: { type: 'message.created', chat, seq: 1, actor: { user: ann.id } }
      })
      t.hasStrict(at(event, 'event', 'data', 'message'), {
        chat, seq: 1, author: ann.id, text: 'Where is "it"?', client_id: 'c-1', version: 1, deleted_at: null, data: {}
      })
      const own = await author.take(2)
      t.strictSame(own.find(({ type }) => type === 'event'), event)
      t.strictSame(own.find(({ type }) => type === 'ack'), { type: 'ack', ref: 7, seq: 1 })
      author.send({ type: 'send', chat, client_id: 'c-1', text: 'Where is "it"?', ref: 8 })
      t.strictSame(await author.next(), { type: 'ack', ref: 8, seq: 1, duplicate: true })
      t.strictSame(await reader.barrier(), [])
    })

    await t.test('a client goes on behind a seq on another replica, or begins with the last events', async (t) => {
      const socket = await connectRealtime(t, two, ann.token)
      for (let count = 2; count <= 5; count++)
        await request(socket, { type: 'send', chat, client_id: `c-${String(count)}`, text: String(count) })
      const subscribe = async (position: object) => {
        const client = await connectRealtime(t, one, bob.token)
        return request(client, { type: 'subscribe', chats: [{ chat, ...position }] })
      }
      t.strictSame(
        shapesOf((await subscribe({ after: 3 })).before),
        ['message.created 4', 'message.created 5', 'subscribed']
      )
      t.strictSame(shapesOf((await subscribe({ last: 1 })).before), ['message.created 5', 'subscribed'])
      t.strictSame(shapesOf((await subscribe({ last: 0 })).before), ['subscribed'])
      t.hasStrict((await subscribe({ after: 6 })).before, [{ type: 'problem', chat, code: 'position_unknown' }])
      t.hasStrict((await subscribe({ after: 1, last: 1 })).answer, { type: 'problem', code: 'invalid_input' })
    })

    await t.test('many chats come in one frame: those that one is not in are refused one by one', async (t) => {
      const more = []
      for (let count = 0; count < 5; count++) more.push((await addV1Chat(cluster.orm, [ann.userId])).id)
      const { id: foreign } = await addV1Chat(cluster.orm, [bob.userId])
      const socket = await connectRealtime(t, one, ann.token)
      const names = [chat, ...more, foreign, 'no-such-chat', 'cf~999999999', chat]
      const { before } = await request(socket, { type: 'subscribe', chats: names.map((name) => ({ chat: name })) })
      const ofType = (wanted: string) => before.filter(({ type }) => type === wanted).map((frame) => frame['chat'])
      t.strictSame(ofType('subscribed').sort(), [chat, ...more].sort())
      t.strictSame(ofType('problem').sort(), [foreign, 'no-such-chat', 'cf~999999999'].sort())
      const { before: again } = await request(socket, { type: 'subscribe', chats: [{ chat, after: 0 }] })
      t.strictSame(shapesOf(again), ['subscribed'], 'it stays as it is')
      await request(socket, { type: 'unsubscribe', chats: [chat, foreign] })
      await request(socket, { type: 'send', chat, client_id: 'unheard', text: 'unheard' })
      t.strictSame(await socket.barrier(), [])
    })

    await t.test('what was before joining comes without its content, and no seq is left out', async (t) => {
      const late = await addV1User(cluster, 'late')
      const group = await addV1Chat(cluster.orm, [ann.userId])
      const author = await connectRealtime(t, one, ann.token)
      for (const text of ['one', 'two'])
        await request(author, { type: 'send', chat: group.id, client_id: text, text })
      await cluster.orm.insert(participants).values({ chatId: group.chatId, userId: late.userId, fromSeq: 2 })
      await request(author, { type: 'send', chat: group.id, client_id: 'three', text: 'three' })
      const socket = await connectRealtime(t, two, late.token)
      const { before } = await request(socket, { type: 'subscribe', chats: [{ chat: group.id, after: 0 }] })
      t.strictSame(shapesOf(before), ['message.created 1', 'message.created 2', 'message.created 3', 'subscribed'])
      t.strictSame(before.slice(0, 2).map((frame) => at(frame, 'event', 'data')), [null, null])
      t.equal(at(before[2], 'event', 'data', 'message', 'text'), 'three')
      const account = await register(cluster)
      const userId = await userIdOf(cluster.orm, account.username)
      await cluster.orm.insert(participants).values({ chatId: group.chatId, userId, fromSeq: 2 })
      const cli = await connect(t, two, account.accessToken)
      cli.send({ type: 'join_idle' })
      cli.send({ type: 'join_chat', chatID: group.chatId })
      await cli.barrier()
      await request(socket, { type: 'delete', chat: group.id, seq: 3, for: 'me' })
      await request(author, { type: 'edit', chat: group.id, seq: 1, text: 'uno' })
      await request(author, { type: 'edit', chat: group.id, seq: 3, text: 'tres' })
      const events = [await socket.next(), await socket.next()]
      t.strictSame(shapesOf(events), ['message.edited 4', 'message.edited 5'])
      t.equal(at(events[0], 'event', 'data'), null, 'also when it is changed now')
      const frame = await cli.next()
      t.hasStrict(frame, { type: 'edited_message', seq: 3 }, 'no place where clients do not count')
      cli.send({ type: 'leave_chat', chatID: group.chatId })
      cli.send({ type: 'join_chat', chatID: group.chatId, after: 2 })
      t.strictSame((await cli.take(2)).map(({ type, seq }) => [type, seq]), [['new_message', 3], ['edited_message', 3]])
      const again = await connectRealtime(t, one, late.token)
      const replayed = (await request(again, { type: 'subscribe', chats: [{ chat: group.id, after: 2 }] })).before
      t.strictSame(shapesOf(replayed), ['message.created 3', 'message.edited 4', 'message.edited 5', 'subscribed'])
      const contents = replayed.slice(0, 3).map((frame) => at(frame, 'event', 'data'))
      t.strictSame(contents, [null, null, null], 'nor hidden ones')
    })

    await t.test('changes of a hidden message come without it, live as in a replay, on every replica', async (t) => {
      const hiding = await register(cluster)
      const group = await addV1Chat(cluster.orm, [ann.userId, bob.userId, await userIdOf(cluster.orm, hiding.username)])
      const author = await connectRealtime(t, one, ann.token)
      for (const text of ['one', 'two']) await request(author, { type: 'send', chat: group.id, client_id: text, text })
      const follow = async (replica: Cluster['replicas'][number], token: string, position: object = {}) => {
        const socket = await connectRealtime(t, replica, token)
        return [socket, await request(socket, { type: 'subscribe', chats: [{ chat: group.id, ...position }] })] as const
      }
      const live = [...await follow(one, hiding.accessToken), ...await follow(two, hiding.accessToken)]
        .flatMap((socket) => 'next' in socket ? [socket] : [])
      const cli = await Promise.all([one, two].map(async (replica) => {
        const socket = await connect(t, replica, hiding.accessToken)
        socket.send({ type: 'join_idle' })
        socket.send({ type: 'join_chat', chatID: group.chatId })
        await socket.barrier()
        return socket
      }))
      const [other] = await follow(two, bob.token)
      const [remover] = live
      if (remover === undefined) throw new Error('There is a socket.')
      await request(remover, { type: 'delete', chat: group.id, seq: 1, for: 'me' })
      for (const seq of [1, 2]) {
        for (const command of [{ type: 'edit', text: 'other' }, { type: 'react', emoji: 'x' }])
          await request(author, { ...command, chat: group.id, seq })
        for (const method of ['PUT', 'DELETE']) {
          const url = `/v1/chats/${group.id}/pins/${String(seq)}`
          await cluster.call(method, url, { bearer: ann.token, replica: seq - 1 })
        }
        for (const command of [{ type: 'unreact', emoji: 'x' }, { type: 'delete' }])
          await request(author, { ...command, chat: group.id, seq })
      }
      await request(author, { type: 'send', chat: group.id, client_id: 'end', text: 'end' })
      const [from, end] = [3, 15]
      const eventsOf = async (socket: SocketClient) => {
        await socket.next(({ event }) => at(event, 'seq') === end)
        return socket.frames.filter(({ type }) => type === 'event').map(({ event }) => event)
      }
      const { body } = await cluster.get(`/v1/chats/${group.id}/events?after=2`, { bearer: hiding.accessToken })
      const replayed = listAt(body, 'items')
      t.strictSame(
        replayed.map((event) => at(event, 'data') === null),
        Array.from({ length: end - from + 1 }, (_, index) => index < 6),
        'changes of the hidden message have no data, those of others have theirs'
      )
      const masked = (events: readonly unknown[]) =>
        events.map((event) => [at(event, 'type'), at(event, 'seq'), at(event, 'data') === null])
      for (const socket of live) t.strictSame(masked(await eventsOf(socket)), masked(replayed))
      for (const replica of [one, two]) {
        const [, { before }] = await follow(replica, hiding.accessToken, { after: 2 })
        t.strictSame(before.flatMap(({ event }) => event === undefined ? [] : [event]), replayed)
      }
      t.notOk((await eventsOf(other)).some((event) => at(event, 'data') === null), 'others see all of it')
      for (const socket of cli) {
        const shown = [['deleted_message', undefined], ['new_message', end]]
        const seen = (await socket.take(3)).map(({ type, seq }) => [type, seq])
        t.strictSame(seen, [['edited_message', 2], ...shown])
        socket.send({ type: 'leave_chat', chatID: group.chatId })
        socket.send({ type: 'join_chat', chatID: group.chatId, after: 0 })
        const again = (await socket.take(3)).map(({ type, seq }) => [type, seq])
        t.strictSame(again, [['new_message', 2], ...shown], 'neither in a replay')
      }
    })

    await t.test('clients of ChatCLI and of /v1 share a room, each with its own frames', async (t) => {
      const cli = await register(cluster)
      const room = await addV1Chat(cluster.orm, [ann.userId, await userIdOf(cluster.orm, cli.username)])
      const old = await connect(t, two, cli.accessToken)
      old.send({ type: 'join_chat', chatID: room.chatId })
      t.strictSame(await old.barrier(), [])
      const sockets = [await connectRealtime(t, one, ann.token), await connectRealtime(t, two, ann.token)]
      for (const socket of sockets) await request(socket, { type: 'subscribe', chats: [{ chat: room.id }] })
      old.send({ type: 'post_msg', chatID: room.chatId, text: 'from the terminal', clientMessageID: 'k' })
      for (const socket of sockets) {
        const message = at(await socket.next(), 'event', 'data', 'message')
        t.hasStrict(message, { seq: 1, text: 'from the terminal', client_id: 'k' })
        t.match(at(message, 'author'), /^cf~\d+$/)
      }
      sockets[0]?.send({ type: 'send', chat: room.id, client_id: 'c', text: 'from the application' })
      t.hasStrict(await old.take(2), [{ type: 'new_message', seq: 1 }, { type: 'new_message', seq: 2 }])
      old.send({ type: 'typing', chatID: room.chatId })
      t.hasStrict(await sockets[1]?.next(({ type }) => type === 'typing'), { chat: room.id })
    })

    await t.test('who is removed is told so, and gets nothing after it', async (t) => {
      const [cli, other] = [await register(cluster), await register(cluster)]
      const session_token = cli.accessToken
      const { body } = await cluster.post('/chat/create-group', {
        session_token, name: 'a group', members: [other.username]
      })
      const name = `cf~${String(integerAt(body, 'chatID'))}`
      const [owner, member] = [
        await connectRealtime(t, one, cli.accessToken), await connectRealtime(t, two, other.accessToken)
      ]
      for (const socket of [owner, member]) await request(socket, { type: 'subscribe', chats: [{ chat: name }] })
      await cluster.post('/chat/remove-members', {
        session_token, chatID: integerAt(body, 'chatID'), members: [other.username]
      }, { replica: 0 })
      await request(owner, { type: 'send', chat: name, client_id: 'x', text: 'without you' })
      await owner.next(({ event }) => at(event, 'type') === 'message.created')
      t.strictSame(await member.next(({ type }) => type === 'reset'), { type: 'reset', chat: name, reason: 'removed' })
      t.strictSame(await member.barrier(), [])
      const { answer } = await request(member, { type: 'send', chat: name, client_id: 'y', text: 'still here' })
      t.equal(answer['type'], 'problem')
    })

    await t.test('messages change, and get reactions: each is an event with a seq of its own', async (t) => {
      const room = await addV1Chat(cluster.orm, [ann.userId, bob.userId])
      const [author, other] = [
        await connectRealtime(t, one, ann.token), await connectRealtime(t, two, bob.token, { feed: {} })
      ]
      await request(other, { type: 'subscribe', chats: [{ chat: room.id }] })
      const post = { type: 'send', chat: room.id, client_id: 'c', text: 'one', data: { n: 1 }, mentions: [bob.id] }
      t.hasStrict((await request(author, post)).answer, { type: 'ack', seq: 1 })
      const message = { chat: room.id, seq: 1 }
      const act = async (socket: typeof author, command: object) => {
        const { answer } = await request(socket, { ...message, ...command })
        return answer['code'] ?? answer['seq']
      }
      t.equal(await act(author, { type: 'edit', text: 'uno', version: 1, key: 'k' }), 2)
      t.equal(await act(author, { type: 'edit', text: 'uno', version: 1, key: 'k' }), 2, 'repeated with its key')
      t.equal(await act(author, { type: 'edit', text: 'dos', version: 1 }), 'version_conflict')
      t.equal(await act(author, { type: 'edit' }), 'invalid_input')
      t.equal(await act(other, { type: 'edit', text: 'mine' }), 'not_the_author')
      t.equal(await act(other, { type: 'react', emoji: '👍' }), 3)
      t.equal(await act(other, { type: 'react', emoji: '👍' }), null, 'nothing had to be changed')
      t.equal(await act(other, { type: 'unreact', emoji: '👍' }), 4)
      t.equal(await act(author, { type: 'edit', data: { n: null, m: 2 } }), 5)
      t.equal(await act(other, { type: 'delete', for: 'me' }), null)
      t.equal(await act(author, { type: 'delete' }), 6)
      t.equal(await act(author, { type: 'edit', text: 'late' }), 'message_deleted')
      await other.next(({ event }) => at(event, 'type') === 'message.deleted')
      t.strictSame(shapesOf(other.frames.filter(({ type }) => type === 'event')), [
        'message.created 1', 'message.edited 2', 'reaction.added 3', 'reaction.removed 4', 'message.edited 5',
        'message.deleted 6'
      ])
      const fed = () => other.frames.filter(({ type }) => type === 'feed').map((frame) => at(frame, 'event', 'type'))
      await eventually(async () => other.barrier().then(() => fed().length >= 2))
      t.strictSame(fed(), ['mention.received', 'message.hidden'])
    })

    await t.test('another epoch is told at once', async (t) => {
      const socket = await openSocket(t, one, '/v1/realtime')
      socket.send({ type: 'hello', token: ann.token, epoch: 'another' })
      t.strictSame(await socket.next(), { type: 'reset', reason: 'epoch_changed' })
      t.equal((await socket.next())['type'], 'welcome')
    })

    await t.test('a newer token of the same user prolongs the socket, that of another one does not', async (t) => {
      const socket = await connectRealtime(t, one, ann.token)
      t.equal((await request(socket, { type: 'token', token: ann.token })).answer['type'], 'ack')
      t.hasStrict((await request(socket, { type: 'token', token: bob.token })).answer, { code: 'unauthenticated' })
      t.equal((await request(socket, { type: 'read', chat, seq: 1 })).answer['type'], 'ack')
    })

    await t.test('a frame that is not as described is refused by a sentence, and the socket stays open', async (t) => {
      const socket = await connectRealtime(t, one, ann.token)
      const cases: [frame: unknown, detail: RegExp][] = [
        [{ type: 'dance' }, /Unknown action: dance/],
        [{}, /"type"/],
        [[], /one JSON object/],
        [{ type: 'hello', token: ann.token }, /comes first/],
        [{ type: 'send', chat, client_id: 'c', text: 'x', colour: 'red' }, /"colour" is unknown/],
        [{ type: 'send', chat, client_id: 'c' }, /"text" is missing/],
        [{ type: 'send', chat, client_id: '', text: 'x' }, /"client_id"/],
        [{ type: 'send', chat, client_id: 'a\u0000', text: 'x' }, /NUL/],
        [{ type: 'send', chat: 'a/b', client_id: 'c', text: 'x' }, /"chat"/],
        [{ type: 'send', chat, client_id: 'c', text: ' ' }, /4,000/],
        [{ type: 'send', chat, client_id: 'c', text: 'x', ref: 'r'.repeat(65) }, /"ref"/],
        [{ type: 'subscribe', chats: [] }, /"chats"/],
        [{ type: 'subscribe', chats: Array.from({ length: 1_001 }, () => ({ chat })) }, /"chats"/],
        [{ type: 'subscribe', chats: [{ chat, before: 1 }] }, /"chats.0.before" is unknown/],
        [{ type: 'subscribe', chats: [{ chat, last: 201 }] }, /"chats.0.last"/],
        [{ type: 'subscribe', chats: [{ chat, after: -1 }] }, /"chats.0.after"/],
        [{ type: 'unsubscribe', chats: 'all' }, /"chats"/],
        [{ type: 'read', chat, seq: 1.5 }, /"seq"/],
        [{ type: 'typing' }, /"chat" is missing/],
        [{ type: 'token', token: 1 }, /"token"/]
      ]
      for (const [frame, detail] of cases) {
        socket.sendRaw(JSON.stringify(frame))
        const answer = await socket.next()
        t.equal(answer['type'], 'problem')
        t.match(answer['detail'], detail, JSON.stringify(frame).slice(0, 80))
      }
      t.strictSame(await socket.barrier(), [])
    })

    await t.test('a replica that stops says when to come back', async (t) => {
      const socket = await connectRealtime(t, two, ann.token)
      await Promise.all([cluster.restart(1), (async () => {
        t.type((await socket.next(({ type }) => type === 'drain'))['reconnect_in_ms'], 'number')
        t.equal(await socket.closed(), SERVICE_RESTART)
      })()])
    })
  },
  { environment, replicas: 2, inspectable: true }
)
