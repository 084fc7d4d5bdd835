/** Who is online, as clients that send `join_idle` or `watch` are told: on one replica, and on three. */
import t, { type Test } from '../support/tap.ts'
import { askChat } from '../support/clients/following.ts'
import { connect, type Frame, type SocketClient } from '../support/clients/socket.ts'
import { type Account, createChat, register, startChat } from '../support/data/accounts.ts'
import { addV1User, connectRealtime, request, type V1User } from '../support/clients/realtime.ts'
import { listAt, textAt } from '../support/data/json.ts'
import { signWithSecret, USER_TOKEN_SECRETS } from '../support/data/user-tokens.ts'
import type { Cluster } from '../support/servers/cluster.ts'
import { onOneDeployment } from '../support/servers/deployments.ts'

/** A socket that has been told who is online, and whom it was told. */
async function watch (
  t: Test, cluster: Cluster, replica: number, { accessToken }: Account
): Promise<{ socket: SocketClient, online: unknown[] }> {
  const socket = await connect(t, cluster.replica(replica), accessToken)
  socket.send({ type: 'join_idle' })
  socket.send({ type: 'join_idle' })
  const { users, ...rest } = await socket.next()
  t.strictSame(rest, { type: 'online_users' })
  return { socket, online: listAt(users).toSorted() }
}

const status = ({ username }: Account, online: boolean): Frame => ({ type: 'user_status', username, online })

await onOneDeployment(
  t,
  async (t, cluster) => {
    const connectAt = (t: Test, replica: number, { accessToken }: Account) =>
      connect(t, cluster.replica(replica), accessToken)

    await t.test('contacts are told of the first socket of a user and of the end of the last, once', async (t) => {
      const { ann, bob } = await startChat(cluster)
      const [cy, dan] = [await register(cluster), await register(cluster)]
      await askChat(cluster, cy, 'create-group', { name: 'Lunch', members: [ann.username, bob.username] })
      const { socket: anns, online } = await watch(t, cluster, 0, ann)
      t.strictSame(online, [], 'nobody is there, and oneself does not count')
      const seed = await connectAt(t, 1, bob)
      t.strictSame(await anns.next(), status(bob, true), 'any client counts')
      const bobs = await watch(t, cluster, 2, bob)
      t.strictSame(bobs.online, [ann.username])
      await connectAt(t, 0, dan)
      await seed.close()
      const again = await connectAt(t, 0, bob)
      await bobs.socket.close()
      await again.close()
      t.strictSame(await anns.next(), status(bob, false), 'nothing of the sockets in between')
      await connectAt(t, 1, cy)
      t.strictSame(await anns.next(), status(cy, true), 'nor of users with whom there is no chat')
      t.strictSame(seed.frames, [{ type: 'auth_ack', status: 'ok' }], 'a client of the seed sees nothing of it')
      t.strictSame((await watch(t, cluster, 1, ann)).online, [cy.username])
    })

    await t.test('a user who comes back soon, on another replica, was never away', async (t) => {
      const { ann, bob } = await startChat(cluster)
      const cy = await register(cluster)
      await createChat(cluster, cy, ann)
      const { socket: anns } = await watch(t, cluster, 0, ann)
      for (let replica = 0; replica < 6; replica++) await (await connectAt(t, replica, bob)).close()
      const last = await connectAt(t, 2, bob)
      t.strictSame(await anns.next(), status(bob, true))
      await connectAt(t, 1, cy)
      t.strictSame(await anns.next(), status(cy, true))
      await last.close()
      t.strictSame(await anns.next(), status(bob, false))
    })

    await t.test('contacts come and go with chats', async (t) => {
      const [ann, bob] = [await register(cluster), await register(cluster)]
      const [anns, bobs] = [await watch(t, cluster, 0, ann), await watch(t, cluster, 1, bob)]
      t.strictSame([anns.online, bobs.online], [[], []])
      const chatID = await createChat(cluster, ann, bob)
      const next = ({ socket }: typeof anns) => socket.next(({ type }) => type === 'user_status')
      t.strictSame([await next(anns), await next(bobs)], [status(bob, true), status(ann, true)])
      await askChat(cluster, bob, 'delete-chat', { chatID })
      t.strictSame([await next(anns), await next(bobs)], [status(bob, false), status(ann, false)])
    })

    await t.test('whoever reads the list of chats is told again, on all sockets, once for both lists', async (t) => {
      const { ann, bob } = await startChat(cluster)
      const [anns, others] = [await watch(t, cluster, 0, ann), await watch(t, cluster, 1, ann)]
      const bobs = await watch(t, cluster, 2, bob)
      for (const { socket } of [anns, others]) t.strictSame(await socket.next(), status(bob, true))
      for (const route of ['fetch-chats', 'fetch-archived']) await askChat(cluster, ann, route, {})
      for (const { socket } of [anns, others])
        t.strictSame(await socket.next(), { type: 'online_users', users: [bob.username] })
      await bobs.socket.close()
      for (const { socket } of [anns, others]) t.strictSame(await socket.next(), status(bob, false))
      t.equal(bobs.socket.frames.filter(({ type }) => type === 'online_users').length, 1)
    })

    const call = async (method: 'POST' | 'PUT' | 'DELETE', url: string, { token: bearer }: V1User, body?: object) => {
      const answer = await cluster.call(method, url, { bearer, ...(body !== undefined && { body }) })
      t.ok(answer.status < 300, `${method} ${url}: ${answer.text}`)
      return answer.body
    }
    const makeGroup = async (owner: V1User, ...members: V1User[]) => {
      const body = { type: 'group', name: 'g', members: members.map(({ id }) => ({ user: id })) }
      return textAt(await call('POST', '/v1/chats', owner, body), 'chat', 'id')
    }
    const presence = (user: V1User, status: string) => ({ type: 'presence', user: user.id, status })
    const watchAll = async (socket: SocketClient, ...users: { id: string }[]) => {
      const { answer } = await request(socket, { type: 'watch', users: users.map(({ id }) => id) })
      t.equal(answer['type'], 'ack')
      const frames = await socket.take(users.length)
      return users.map(({ id }) => frames.find(({ user }) => user === id)?.['status'])
    }

    await t.test('in /v1 a watched user who shares a chat comes and goes, with the time', async (t) => {
      const [ann, bob, eve] = [
        await addV1User(cluster, 'ann'), await addV1User(cluster, 'bob'), await addV1User(cluster, 'eve')
      ]
      const chat = await makeGroup(ann, bob)
      const socket = await connectRealtime(t, cluster.replica(0), ann.token)
      const nobody = { id: 'no-such-user' }
      t.strictSame(
        await watchAll(socket, bob, eve, ann, nobody), ['offline', 'unknown', 'online', 'unknown'],
        'of a stranger nothing is known, whether there is one or not'
      )
      const bobs = await connectRealtime(t, cluster.replica(1), bob.token)
      t.strictSame(await socket.next(), presence(bob, 'online'))
      await connectRealtime(t, cluster.replica(2), eve.token)
      const soon = Date.now()
      await bobs.close()
      const { last_seen: lastSeen, ...gone } = await socket.next()
      t.strictSame(gone, presence(bob, 'offline'), 'nothing of the stranger, who came meanwhile')
      t.ok(Date.parse(String(lastSeen)) >= soon && Date.parse(String(lastSeen)) <= Date.now())
      await connectRealtime(t, cluster.replica(2), bob.token)
      t.strictSame(await socket.next(), presence(bob, 'online'))
      await call('PUT', `/v1/chats/${chat}/members/${eve.id}`, ann, {})
      t.strictSame(await socket.next(), presence(eve, 'online'), 'she shares a chat now')
      await call('POST', `/v1/chats/${chat}:leave`, eve, {})
      t.strictSame(await socket.next(), presence(eve, 'unknown'))
      const narrowed = signWithSecret({ sub: ann.id, chats: { 'another-*': ['read'] } })
      const narrow = await connectRealtime(t, cluster.replica(1), narrowed)
      t.strictSame(await watchAll(narrow, bob), ['unknown'], 'for a token that may not read the chat')
      t.strictSame(await watchAll(socket, bob), ['online'], 'told again')
      t.equal((await request(socket, { type: 'unwatch', users: [bob.id, nobody.id] })).answer['type'], 'ack')
      await call('DELETE', `/v1/chats/${chat}/members/${bob.id}`, ann)
      t.strictSame(await socket.barrier(), [])
      for (const users of [[], ['a/b'], 'all', Array.from({ length: 1_001 }, () => bob.id)]) {
        const { answer } = await request(socket, { type: 'watch', users })
        t.equal(answer['code'], 'invalid_input')
      }
    })

    await t.test('a user may keep it to themself, in every API', async (t) => {
      const [ann, bob] = [await addV1User(cluster, 'ann'), await addV1User(cluster, 'bob')]
      await makeGroup(ann, bob)
      const [socket, old] = [
        await connectRealtime(t, cluster.replica(0), ann.token), await connect(t, cluster.replica(1), ann.token)
      ]
      old.send({ type: 'join_idle' })
      await old.next(({ type }) => type === 'online_users')
      const online = async () => (await old.next(({ type }) => type === 'user_status'))['online']
      await connectRealtime(t, cluster.replica(2), bob.token)
      t.equal(await online(), true)
      t.strictSame(await watchAll(socket, bob), ['online'])
      for (const shared of [false, true]) {
        await call('PUT', '/v1/me/presence', bob, { shared })
        t.strictSame((await cluster.get('/v1/me/presence', { bearer: bob.token })).body, { shared })
        t.strictSame(await socket.next(), presence(bob, shared ? 'online' : 'unknown'))
        t.equal(await online(), shared)
      }
    })
  },
  {
    inspectable: true,
    environment: {
      PRESENCE: 'on',
      PRESENCE_LEASE: '4s',
      PRESENCE_OFFLINE_DELAY: '500ms',
      USER_TOKEN_SECRET: USER_TOKEN_SECRETS[0]
    }
  }
)
