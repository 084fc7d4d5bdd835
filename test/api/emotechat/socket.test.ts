/** The socket of the public front end of EmoteChat: authenticated by a cookie, with messages between two users. */
import t, { type Test } from '../../support/tap.ts'
import { join, openSocket, type SocketClient } from '../../support/clients/socket.ts'
import { refusedUpgrade } from '../../support/clients/upgrades.ts'
import { register, type Account } from '../../support/data/accounts.ts'
import { type EmoteAccount, logInEmote, registerEmote } from '../../support/data/emotechat.ts'
import { at, integerAt, listAt } from '../../support/data/json.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

const PATH = '/ws/7'
const FOREIGN = 'https://evil.example'
const cookieOf = (token: string) => ({ cookie: `theme=dark; sessionId=${token}` })

/** Opens a socket as the page does, and waits until it follows its chats. @param replica its number */
async function open (t: Test, cluster: Cluster, token: string, replica: number): Promise<SocketClient> {
  const socket = await openSocket(t, cluster.replica(replica), PATH, cookieOf(token))
  await nothing(t, socket, 'a frame is answered once the chats are followed')
  return socket
}

/** Proves absence: a frame that is refused is answered after all that was sent before. */
async function nothing (t: Test, socket: SocketClient, title: string): Promise<void> {
  socket.send({})
  t.equal((await socket.next())['type'], 'error', title)
}

/** The id of the only chat of an account. */
async function chatOf (cluster: Cluster, { accessToken }: Pick<Account, 'accessToken'>): Promise<number> {
  const { body } = await cluster.post('/chat/fetch-chats', { session_token: accessToken })
  return integerAt(listAt(body, 'response')[0], 'chatID')
}

/** Has the first one write to the second one. */
async function startChat (t: Test, cluster: Cluster): Promise<[EmoteAccount, EmoteAccount]> {
  const [emma, max] = [await registerEmote(cluster), await registerEmote(cluster)]
  const socket = await open(t, cluster, emma.token, 0)
  socket.send({ message: 'first', receiver: max.id })
  await socket.next()
  await socket.close()
  return [emma, max]
}

await onOneDeployment(t, async (t, cluster) => {
  await t.test('an upgrade needs the cookie of a live session', async (t) => {
    const emma = await registerEmote(cluster)
    const dead = await logInEmote(cluster, emma)
    await cluster.post('/api/auth/logout', {}, { bearer: dead })
    const tries: [string, Record<string, string>][] = [
      ['no cookie', {}],
      ['another cookie', { cookie: `session=${emma.token}` }],
      ['an empty one', { cookie: 'sessionId=' }],
      ['a bad one', { cookie: 'sessionId=%zz' }],
      ['a session that has ended', cookieOf(dead)],
      ['a header instead', { authorization: `Bearer ${emma.token}` }]
    ]
    for (const [title, headers] of tries) {
      const { status, body } = await refusedUpgrade(t, cluster.replica(0), headers, PATH)
      t.equal(status, 401, title)
      t.strictSame(Object.keys(body ?? {}), ['message'], title)
    }
    const foreign = await refusedUpgrade(t, cluster.replica(0), { ...cookieOf(emma.token), origin: FOREIGN }, PATH)
    t.equal(foreign.status, 403, 'the page of another site')
    const file = await refusedUpgrade(t, cluster.replica(0), { ...cookieOf(emma.token), origin: 'file://' }, PATH)
    t.equal(file.status, 403, 'a page on disk, which needs a token of its own elsewhere')
    t.equal((await refusedUpgrade(t, cluster.replica(0), cookieOf(emma.token), '/ws/x')).status, 400, 'no number')
    t.ok(cluster.log.some((line) => line.includes('"event":"socket","result":"unauthenticated"')), 'it is logged')
  })

  await t.test('the cookie has the token as the login gave it, encoded or not; the number means nothing', async (t) => {
    const [emma, max] = await startChat(t, cluster)
    const values = [emma.token, `Bearer ${emma.token}`, encodeURIComponent(`Bearer ${emma.token}`)]
    for (const [index, value] of values.entries()) {
      const path = `/ws/${String(index * 1_000)}`
      const headers = { ...cookieOf(value), origin: cluster.replica(index).url }
      const socket = await openSocket(t, cluster.replica(index), path, headers)
      socket.send({ message: String(index), receiver: max.id })
      t.equal((await socket.next())['message'], String(index))
      await socket.close()
    }
  })

  await t.test('a message reaches both users on every replica, safe to insert as HTML, and nobody else', async (t) => {
    const [emma, max] = await startChat(t, cluster)
    const stranger = await registerEmote(cluster)
    const toStranger = await open(t, cluster, max.token, 2)
    toStranger.send({ message: 'hello stranger', receiver: stranger.id })
    await toStranger.next()
    const sockets = await Promise.all([
      open(t, cluster, emma.token, 0),
      open(t, cluster, emma.token, 1),
      open(t, cluster, max.token, 2)
    ])
    const [first] = sockets
    const other = await open(t, cluster, stranger.token, 1)
    const text = '<img src=x onerror="alert(1)"> & \'more\''
    // As the page sends it; all but the text and the receiver is its own affair.
    first.send({ message: text, sender: stranger.id, receiver: String(max.id), time: 'now', id: 1 })
    const frames = await Promise.all(sockets.map((socket) => socket.next()))
    const frame = frames[0] ?? {}
    t.hasStrict(frame, {
      message: '&lt;img src=x onerror=&quot;alert(1)&quot;&gt; &amp; \'more\'',
      sender: emma.id,
      receiver: max.id
    })
    t.match(frame, { time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, id: Number })
    for (const same of frames) t.strictSame(same, frame)
    sockets[2].send({ message: 'back', receiver: emma.id })
    for (const socket of sockets)
      t.hasStrict(await socket.next(), { message: 'back', sender: max.id, receiver: emma.id })
    for (const socket of sockets) await nothing(t, socket, 'each once')
    toStranger.send({ message: 'again', receiver: stranger.id })
    t.equal((await other.next())['message'], 'again', 'nothing to others')

    const page = await cluster.get(`/api/conversations?partner_id=${String(emma.id)}`, { bearer: max.token })
    t.strictSame(
      listAt(page.body, 'conversations').map((message) => at(message, 'ID')).slice(1, 2),
      [at(frame, 'id')],
      'the history has it under the same id'
    )
  })

  await t.test('the first message to a user reaches the sockets that are open already', async (t) => {
    const [emma, max] = [await registerEmote(cluster), await registerEmote(cluster)]
    const sockets = await Promise.all([
      open(t, cluster, emma.token, 0),
      open(t, cluster, emma.token, 1),
      open(t, cluster, max.token, 1),
      open(t, cluster, max.token, 2)
    ])
    const [first] = sockets
    for (const message of ['one', 'two']) first.send({ message, receiver: max.id })
    for (const socket of sockets)
      t.strictSame((await socket.take(2)).map(({ message }) => message), ['one', 'two'])
    await cluster.post('/chat/delete-chat', {
      session_token: max.token,
      chatID: await chatOf(cluster, { accessToken: max.token })
    })
    first.send({ message: 'three', receiver: max.id })
    for (const socket of sockets) t.equal((await socket.next())['message'], 'three', 'and so it does after they left')
  })

  await t.test('it shares its chats with the other dialect', async (t) => {
    const [emma, max] = await startChat(t, cluster)
    const chatID = await chatOf(cluster, { accessToken: max.token })
    const page = await open(t, cluster, emma.token, 0)
    const terminal = await join(t, cluster.replica(1), max.token, chatID)
    terminal.send({ type: 'post_msg', chatID, text: '1 < 2' })
    t.hasStrict(await page.next(), { message: '1 &lt; 2', sender: max.id, receiver: emma.id })
    const posted = await terminal.next()
    t.equal(posted['message'], '1 < 2', 'with texts as they are')
    page.send({ message: '2 > 1', receiver: max.id })
    t.hasStrict(await terminal.next(), { type: 'new_message', message: '2 > 1', userID: emma.id })
    await page.next()
    terminal.send({ type: 'edit_msg', chatID, messageID: integerAt(posted, 'messageID'), text: 'changed' })
    terminal.send({ type: 'post_msg', chatID, text: 'after the change' })
    t.equal((await page.next())['message'], 'after the change', 'a change has no frame there')
  })

  await t.test('messages of a group are not shown', async (t) => {
    const [emma, max] = await startChat(t, cluster)
    const ann = await register(cluster)
    const page = await open(t, cluster, emma.token, 0)
    const { body } = await cluster.post('/chat/create-group', {
      session_token: ann.accessToken,
      name: 'Lunch',
      members: [emma.username, max.username]
    })
    const chatID = integerAt(body, 'chatID')
    const socket = await join(t, cluster.replica(0), ann.accessToken, chatID)
    const later = await open(t, cluster, emma.token, 1)
    socket.send({ type: 'post_msg', chatID, text: 'for the group' })
    await socket.next()
    for (const one of [page, later]) await nothing(t, one, 'nothing but the answer')
  })

  await t.test('a frame that cannot be delivered is answered by an error, and the socket stays open', async (t) => {
    const [emma, max] = await startChat(t, cluster)
    const socket = await open(t, cluster, emma.token, 0)
    const tries: [object, string][] = [
      [{ message: 'to nobody', receiver: 999_999_999 }, 'unknown_receiver'],
      [{ message: 'to myself', receiver: emma.id }, 'chat_with_yourself'],
      [{ message: ' ', receiver: max.id }, 'invalid_text'],
      [{ message: 'x', receiver: '1e3' }, 'invalid_input'],
      [{ message: 'x', receiver: -1 }, 'invalid_input'],
      [{ message: 1, receiver: max.id }, 'invalid_input'],
      [{}, 'invalid_input']
    ]
    for (const [frame, code] of tries) {
      socket.send(frame)
      t.hasStrict(await socket.next(), { type: 'error', code })
    }
    socket.send({ message: `half an emoji \ud83d`, receiver: max.id })
    t.equal((await socket.next())['message'], 'half an emoji \ufffd')
  })

  await t.test('a logout closes its sockets, on every replica', async (t) => {
    const [emma] = await startChat(t, cluster)
    const socket = await open(t, cluster, emma.token, 1)
    await cluster.post('/api/auth/logout', {}, { bearer: emma.token, replica: 0 })
    t.equal(await socket.closed(), 1008)
  })
})
