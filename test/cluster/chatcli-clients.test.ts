/** The clients that are in use, beside each other on three replicas: two of 0.5, one of 0.3 and one of the seed. */
import t, { type Test } from '../support/tap.ts'
import { ELECTRON_HEADERS, unwrapOnce, unwrapTwice } from '../support/clients/electron-client.ts'
import { openSocket, type SocketClient } from '../support/clients/socket.ts'
import { register, type Account } from '../support/data/accounts.ts'
import { at, integerAt, listAt, textAt } from '../support/data/json.ts'
import type { Cluster } from '../support/servers/cluster.ts'
import { onServices } from '../support/servers/deployments.ts'

/** What is sent about messages; presence and lists have frames of their own. */
const MESSAGE_FRAMES = new Set<unknown>(['new_message', 'edited_message', 'deleted_message'])
const RESTART = 1012
const REPLICAS = [0, 1, 2]
const ROUNDS = 3

/** Logs in as the Electron clients do. */
async function electronAccount (cluster: Cluster): Promise<Account> {
  const account = await register(cluster)
  const { username, password } = account
  const tokens = unwrapOnce(await cluster.post('/user/login', { username, password }, { headers: ELECTRON_HEADERS }))
  const accessToken = textAt(tokens, 'access_token')
  cluster.secrets.add(accessToken)
  return { ...account, accessToken, refreshToken: textAt(tokens, 'refresh_token') }
}

/** A request of an Electron client, and what its page gets. */
async function ask (cluster: Cluster, { accessToken }: Account, route: string, fields: object = {}): Promise<unknown> {
  const body = { session_token: accessToken, ...fields }
  return unwrapTwice(await cluster.post(`/chat/${route}`, body, { headers: ELECTRON_HEADERS }))
}

/** The chats of somebody, and those in the archive. */
const listsOf = async (cluster: Cluster, account: Account) =>
  [await idsOf(cluster, account, 'fetch-chats'), await idsOf(cluster, account, 'fetch-archived')]

const idsOf = async (cluster: Cluster, account: Account, route: string) =>
  listAt(await ask(cluster, account, route)).map((chat) => at(chat, 'chatID'))

/** A socket of 0.5, which sends both frames without waiting and joins nothing after a loss. */
async function current (t: Test, cluster: Cluster, replica: number, { accessToken }: Account): Promise<SocketClient> {
  const socket = await openSocket(t, cluster.replica(replica))
  socket.send({ type: 'auth', token: accessToken })
  socket.send({ type: 'join_idle' })
  await socket.barrier()
  return socket
}

/** A socket of 0.3 or of a client of the seed. */
async function older (
  t: Test, cluster: Cluster, replica: number, { accessToken }: Account, ...chatIDs: number[]
): Promise<SocketClient> {
  const socket = await openSocket(t, cluster.replica(replica))
  socket.send({ type: 'auth', token: accessToken })
  for (const chatID of chatIDs) socket.send({ type: 'join_chat', chatID })
  await socket.barrier()
  return socket
}

/** Posts as the clients do, which know their message by its text. @returns its number */
async function post (socket: SocketClient, chatID: number, text: string): Promise<number> {
  socket.send({ type: 'post_msg', chatID, text })
  return integerAt(await socket.next(({ type, message }) => type === 'new_message' && message === text), 'messageID')
}

/** Waits until a message has come. */
async function wait (text: string, ...sockets: SocketClient[]): Promise<void> {
  await Promise.all(sockets.map((socket) => socket.next(({ message }) => message === text)))
}

/** All that a socket was ever sent about the messages of a chat. */
function seenOf (socket: SocketClient, chat: number): unknown[] {
  return socket.frames
    .filter(({ type, chatID }) => MESSAGE_FRAMES.has(type) && chatID === chat)
    .map(({ type, messageID, message }) => [type, messageID, message])
}

await onServices(
  t,
  async (t, cluster) => {
    await t.test('all that clients of 0.5, 0.3 and the seed do, each frame once', (t) => walk(t, cluster))
    await t.test('who is removed gets nothing after the answer, on any replica', (t) => removal(t, cluster))
    await t.test('after a restart of their replicas clients of 0.5 go on', (t) => restarts(t, cluster))
  },
  // Replicas of its own, which can be restarted. No sweep helps.
  { environment: { SWEEP_INTERVAL: '1h', PRESENCE: 'on', PRESENCE_OFFLINE_DELAY: '200ms' } }
)

async function walk (t: Test, cluster: Cluster): Promise<void> {
  const [ann, bob, cy] = [
    await electronAccount(cluster), await electronAccount(cluster), await electronAccount(cluster)
  ]
  const [dan, eve] = [await register(cluster), await electronAccount(cluster)]
  const [anns, bobs, eves] = [
    await current(t, cluster, 0, ann), await current(t, cluster, 1, bob), await current(t, cluster, 2, eve)
  ]
  const other = await current(t, cluster, 2, ann)

  const pair = integerAt(await ask(cluster, ann, 'create-chat', { receiver: dan.username }), 'chatID')
  t.strictSame(await ask(cluster, ann, 'create-chat', { receiver: dan.username }), { chatID: pair })
  const members = [bob, cy, dan].map(({ username }) => username)
  const group = integerAt(await ask(cluster, ann, 'create-group', { name: 'Lunch', members }), 'chatID')
  const cys = await older(t, cluster, 2, cy, group)
  const dans = await older(t, cluster, 0, dan, group, pair)

  const sent: Record<string, number> = {}
  for (const [socket, text] of [[anns, 'a'], [bobs, 'b'], [cys, 'c'], [dans, 'd']] as const)
    sent[text] = await post(socket, group, text)
  await wait('d', anns, other, bobs, cys)
  sent['pair'] = await post(anns, pair, 'pair')
  await wait('pair', other, dans)

  anns.send({ type: 'edit_msg', chatID: group, messageID: sent['a'], text: 'A' })
  await anns.next(({ type }) => type === 'edited_message')
  bobs.send({ type: 'delete_msg', chatID: group, messageID: sent['b'] })
  await anns.next(({ type }) => type === 'deleted_message')

  t.type(await ask(cluster, bob, 'archive-chat', { chatID: group }), 'string')
  t.strictSame(await listsOf(cluster, bob), [[], [group]])
  sent['archived'] = await post(anns, group, 'archived')
  t.type(await ask(cluster, bob, 'unarchive-chat', { chatID: group }), 'string')
  t.strictSame(await listsOf(cluster, bob), [[group], []])

  const change = { chatID: group, members: [eve.username] }
  t.strictSame(await ask(cluster, bob, 'add-members', change), { chatID: group })
  sent['added'] = await post(anns, group, 'added')
  await wait('added', eves)
  t.strictSame(await ask(cluster, ann, 'remove-members', change), { chatID: group })
  sent['removed'] = await post(anns, group, 'removed')
  await wait('removed', bobs)
  t.strictSame(await ask(cluster, bob, 'remove-members', { chatID: group, members: [bob.username] }), { chatID: group })
  sent['end'] = await post(anns, group, 'end')
  await wait('end', other, cys, dans)
  for (const socket of [anns, other, bobs, eves, cys, dans]) await socket.barrier()

  const message = (text: string) => ['new_message', sent[text], text]
  const start = ['a', 'b', 'c', 'd'].map(message)
  const changes = [['edited_message', sent['a'], 'A'], ['deleted_message', sent['b'], undefined]]
  const rest = ['archived', 'added', 'removed'].map(message)
  for (const socket of [anns, other]) {
    t.strictSame(seenOf(socket, group), [...start, ...changes, ...rest, message('end')])
    t.strictSame(seenOf(socket, pair), [message('pair')], 'its own message, without a join')
  }
  t.strictSame(seenOf(bobs, group), [...start, ...changes, ...rest], 'up to the answer to who leaves')
  t.strictSame(seenOf(eves, group), [message('added')], 'from being added to being removed')
  t.strictSame(seenOf(cys, group), [...start, ...rest, message('end')])
  t.strictSame(seenOf(dans, group), [...start, ...rest, message('end')])
  t.strictSame(seenOf(dans, pair), [message('pair')])
  for (const { frames: [ack, ...frames] } of [cys, dans]) {
    t.strictSame(ack, { type: 'auth_ack', status: 'ok' })
    const foreign = frames.filter((frame) =>
      frame['type'] !== 'new_message' || 'edited_at' in frame || 'deleted_at' in frame)
    t.strictSame(
      foreign.filter(({ message }) => !String(message).startsWith('Unknown action: barrier-')),
      [],
      'a client of the seed knows messages, as the seed has them, and nothing else'
    )
  }

  const texts = ['A', '--deleted--', 'c', 'd', 'archived', 'added', 'removed', 'end']
  const textsIn = (messages: unknown) => listAt(messages).map((message) => at(message, 'message'))
  t.strictSame(textsIn(at(await ask(cluster, ann, 'messages', { chatID: group }), 'messages')), texts)
  t.strictSame(textsIn(await ask(cluster, cy, 'messages', { chatID: group, username: cy.username })), texts)
  const seedHistory = await cluster.post('/chat/messages', { session_token: dan.accessToken, chatID: group })
  t.strictSame(textsIn(seedHistory.body), texts)
}

async function removal (t: Test, cluster: Cluster): Promise<void> {
  const [ann, bob] = [await electronAccount(cluster), await electronAccount(cluster)]
  const chatID = integerAt(await ask(cluster, ann, 'create-group', { name: 'x', members: [bob.username] }), 'chatID')
  const onAll = (account: Account, open: typeof current) =>
    Promise.all(REPLICAS.map((replica) => open(t, cluster, replica, account)))
  const author = await current(t, cluster, 0, ann)
  const witnesses = await onAll(ann, current)
  const removed = [
    ...await onAll(bob, current),
    ...await Promise.all(REPLICAS.map((replica) => older(t, cluster, replica, bob, chatID)))
  ]
  for (let round = 0; round < ROUNDS; round++) {
    await ask(cluster, ann, 'add-members', { chatID, members: [bob.username] })
    await post(author, chatID, `in ${String(round)}`)
    await wait(`in ${String(round)}`, ...witnesses, ...removed.slice(0, REPLICAS.length))
    await ask(cluster, ann, 'remove-members', { chatID, members: [bob.username] })
    await post(author, chatID, `out ${String(round)}`)
    await wait(`out ${String(round)}`, ...witnesses)
  }
  const inside = Array.from({ length: ROUNDS }, (_, round) => `in ${String(round)}`)
  for (const [index, socket] of removed.entries()) {
    await socket.barrier()
    const texts = seenOf(socket, chatID).map((seen) => at(seen, 2))
    // A join ends with the membership; what follows all is back with it.
    t.strictSame(texts, index < REPLICAS.length ? inside : inside.slice(0, 1))
  }
}

async function restarts (t: Test, cluster: Cluster): Promise<void> {
  const [ann, bob] = [await electronAccount(cluster), await electronAccount(cluster)]
  const chatID = integerAt(await ask(cluster, ann, 'create-chat', { receiver: bob.username }), 'chatID')
  let [anns, bobs] = [await current(t, cluster, 0, ann), await current(t, cluster, 1, bob)]
  for (const socket of [anns, bobs]) socket.send({ type: 'join_chat', chatID })
  await post(anns, chatID, 'before')
  await wait('before', bobs)
  for (const replica of [0, 1]) await cluster.restart(replica)
  t.strictSame([await anns.closed(), await bobs.closed()], [RESTART, RESTART], 'a code after which they come back')
  ;[anns, bobs] = [await current(t, cluster, 0, ann), await current(t, cluster, 1, bob)]
  const sent = [await post(anns, chatID, 'one')]
  await wait('one', bobs)
  sent.push(await post(bobs, chatID, 'two'))
  await wait('two', anns)
  for (const socket of [anns, bobs]) {
    await socket.barrier()
    t.strictSame(
      seenOf(socket, chatID),
      [['new_message', sent[0], 'one'], ['new_message', sent[1], 'two']],
      'what is new, and nothing that the history has'
    )
  }
}
