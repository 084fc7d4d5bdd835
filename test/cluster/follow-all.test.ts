import t, { type Test } from '../support/tap.ts'
import { askChat, followAll, followEverywhere, say } from '../support/clients/following.ts'
import { connect, join, type SocketClient } from '../support/clients/socket.ts'
import { createChat, logIn, register, startChat } from '../support/data/accounts.ts'
import { integerAt } from '../support/data/json.ts'
import { claimsOf, signClaims } from '../support/data/jwt.ts'
import type { Cluster } from '../support/servers/cluster.ts'
import { onOneDeployment, onServices } from '../support/servers/deployments.ts'
import { withFaults } from '../support/servers/faulty-bus.ts'

/** The texts of the next messages of a socket, all that have come up to the given one. */
async function textsUpTo (socket: SocketClient, text: string): Promise<unknown[]> {
  const texts: unknown[] = []
  while (texts.at(-1) !== text) texts.push((await socket.next(({ type }) => type === 'new_message'))['message'])
  return texts
}

await onOneDeployment(t, async (t, cluster) => {
  await t.test('a socket that follows all gets each message of each chat once, joined or not', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    const other = await createChat(cluster, bob, await register(cluster))
    const author = await connect(t, cluster.replica(1), bob.accessToken)
    await say(author, chatID, 'before')
    const [first, second, third] = await followEverywhere(t, cluster, bob)
    if (first === undefined || second === undefined || third === undefined) throw new Error('There are three.')
    second.send({ type: 'join_chat', chatID })
    third.send({ type: 'join_chat', chatID, after: 0 })
    third.send({ type: 'join_idle' })
    t.strictSame((await third.barrier()).map(({ message }) => message), ['before'], 'only a join replays')
    await second.barrier()
    const stranger = await followAll(t, cluster, 0, ann)
    for (const text of ['one', 'two']) await say(author, chatID, text)
    await say(author, other, 'elsewhere')
    for (const socket of [first, second, third])
      t.strictSame((await textsUpTo(socket, 'elsewhere')).toSorted(), ['elsewhere', 'one', 'two'])
    t.strictSame(await textsUpTo(stranger, 'two'), ['one', 'two'])
    t.strictSame(await stranger.barrier(), [], 'nobody gets what is in chats of others')
    second.send({ type: 'leave_chat', chatID })
    first.send({ type: 'leave_chat', chatID })
    await Promise.all([first.barrier(), second.barrier()])
    await say(author, chatID, 'after leaving')
    for (const socket of [first, second, third])
      t.strictSame(await textsUpTo(socket, 'after leaving'), ['after leaving'], 'a leave ends what the join gave')
  })

  await t.test('a socket that had joined before goes on without a gap in the other form', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    const author = await connect(t, cluster.replica(0), ann.accessToken)
    const reader = await join(t, cluster.replica(2), bob.accessToken, chatID)
    author.send({ type: 'post_msg', chatID, text: 'first' })
    const nextMessage = () => reader.next(({ type }) => type === 'new_message')
    const frames = [await nextMessage()]
    for (let index = 0; index < 19; index++) {
      author.send({ type: 'post_msg', chatID, text: String(index) })
      if (index === 9) reader.send({ type: 'join_idle' })
    }
    await say(author, chatID, 'last')
    while (frames.at(-1)?.['message'] !== 'last') frames.push(await nextMessage())
    t.strictSame(frames.map(({ seq }) => seq), Array.from({ length: 21 }, (_, index) => index + 1))
    t.equal(frames[0]?.['edited_at'], undefined)
    t.equal(frames.at(-1)?.['edited_at'], null)
  })

  await t.test('changes of messages reach who follows all, and a client of the seed nothing of them', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    const author = await followAll(t, cluster, 0, ann)
    const reader = await followAll(t, cluster, 1, bob)
    const seed = await join(t, cluster.replica(2), bob.accessToken, chatID)
    const messageID = await say(author, chatID, 'first')
    author.send({ type: 'edit_msg', chatID, messageID, text: 'changed' })
    author.send({ type: 'edit_msg', chatID, messageID, text: 'changed' })
    author.send({ type: 'delete_msg', chatID, messageID })
    author.send({ type: 'delete_msg', chatID, messageID })
    await say(author, chatID, 'last')
    const [created, edited, deleted, last] = await reader.take(4)
    t.hasStrict(created, { type: 'new_message', messageID, message: 'first', edited_at: null, deleted_at: null })
    t.hasStrict(edited, {
      ...created, type: 'edited_message', message: 'changed', edited_at: edited?.['edited_at'], deleted_at: null
    })
    t.ok(Date.parse(String(edited?.['edited_at'])) >= Date.parse(String(created?.['timestamp'])))
    t.strictSame(deleted, { type: 'deleted_message', messageID, chatID, deleted_at: deleted?.['deleted_at'] })
    t.ok(Date.parse(String(deleted?.['deleted_at'])) >= Date.parse(String(edited?.['edited_at'])))
    t.equal(last?.['message'], 'last')
    t.strictSame(await reader.barrier(), [], 'each once')
    t.strictSame(
      (await seed.take(2)).map(({ type, message, ...rest }) => [type, message, 'edited_at' in rest]),
      [['new_message', 'first', false], ['new_message', 'last', false]]
    )
    t.strictSame(await seed.barrier(), [])
  })

  await t.test('such a socket outlives its token, and ends with its session', async (t) => {
    const ann = await register(cluster)
    const newer = await logIn(cluster, ann)
    const end = Math.ceil(Date.now() / 1_000) + 2
    const soon = signClaims({ ...claimsOf(newer.accessToken), exp: end })
    const [following, plain] = [
      await followAll(t, cluster, 0, { ...ann, accessToken: soon }),
      await connect(t, cluster.replica(0), soon)
    ]
    t.equal(await plain.closed(30_000), 1008)
    t.strictSame(await following.barrier(), [])
    await cluster.call('POST', '/api/auth/logout', { bearer: newer.accessToken })
    t.equal(await following.closed(), 1008)
  })
})

await onOneDeployment(
  t,
  async (t, cluster) => {
    await t.test('the set follows the list of chats of the user, on every replica', (t) => comeAndGo(t, cluster))
  },
  // No sweep helps.
  { environment: { SWEEP_INTERVAL: '1h' } }
)

await onServices(
  t,
  async (t, cluster) => {
    await t.test('what the bus says of lists is lost: the set follows them all the same', (t) => comeAndGo(t, cluster))
  },
  {
    environment: { SWEEP_INTERVAL: '200ms' },
    wrapBus: (bus) => withFaults(bus, (channel) => (channel.includes('user:') ? [] : undefined))
  }
)

/** Chats come and go: what is posted when the answer is there reaches the members of then, and nobody else. */
async function comeAndGo (t: Test, cluster: Cluster): Promise<void> {
  const [ann, bob, carol] = [await register(cluster), await register(cluster), await register(cluster)]
  const author = await connect(t, cluster.replica(0), ann.accessToken)
  const [bobs, carols] = [await followEverywhere(t, cluster, bob), await followEverywhere(t, cluster, carol)]
  const see = async (sockets: readonly SocketClient[], text: string, what: string) => {
    for (const socket of sockets) t.strictSame(await textsUpTo(socket, text), [text], what)
  }

  const direct = await createChat(cluster, ann, bob)
  await say(author, direct, 'direct')
  await see(bobs, 'direct', 'a chat that was made')

  const group = integerAt(
    (await askChat(cluster, ann, 'create-group', { name: 'Lunch', members: [bob.username] })).body, 'chatID'
  )
  await say(author, group, 'group')
  await see(bobs, 'group', 'a group that was made')

  await askChat(cluster, ann, 'add-members', { chatID: group, members: [carol.username] })
  await say(author, group, 'added')
  await see(carols, 'added', 'a group that a user was added to, from then on')
  await see(bobs, 'added', 'for whoever was in already nothing changes')

  await askChat(cluster, ann, 'remove-members', { chatID: group, members: [carol.username] })
  await say(author, group, 'removed')
  await see(bobs, 'removed', 'and who stays misses nothing')

  await askChat(cluster, ann, 'add-members', { chatID: group, members: [carol.username] })
  await say(author, group, 'back')
  await see(carols, 'back', 'who was removed got nothing meanwhile, and is back')

  await askChat(cluster, bob, 'delete-chat', { chatID: direct })
  await say(author, direct, 'left')
  await say(author, group, 'end')
  for (const socket of bobs) t.strictSame(await textsUpTo(socket, 'end'), ['back', 'end'], 'who left gets nothing')
}
