import t from '../support/tap.ts'
import { followAll, followEverywhere, say } from '../support/clients/following.ts'
import { connect, join, type SocketClient } from '../support/clients/socket.ts'
import { register, startChat } from '../support/data/accounts.ts'
import { onOneDeployment } from '../support/servers/deployments.ts'

/** The frames of a socket up to the message with a text, which is posted later than what they are about. */
async function seenUpTo (socket: SocketClient, text: string): Promise<unknown[]> {
  const seen: unknown[] = []
  for (;;) {
    const frame = await socket.next()
    if (frame['message'] === text) return seen
    seen.push(frame)
  }
}

await onOneDeployment(
  t,
  async (t, cluster) => {
    const { ann, bob, chatID } = await startChat(cluster)
    const carol = await register(cluster)

    await t.test('who is typing is shown to the others that follow all, everywhere, once in a while', async (t) => {
      const [author, sameUser] = [await followAll(t, cluster, 0, ann), await followAll(t, cluster, 1, ann)]
      const readers = await followEverywhere(t, cluster, bob)
      const seed = await join(t, cluster.replica(2), bob.accessToken, chatID)
      for (let index = 0; index < 20; index++) author.send({ type: 'typing', chatID })
      await say(author, chatID, 'first')
      for (const reader of readers)
        t.strictSame(await seenUpTo(reader, 'first'), [{ type: 'user_typing', chatID, username: ann.username }])
      t.strictSame(await seenUpTo(sameUser, 'first'), [], 'not to the one who types')
      t.strictSame(await seenUpTo(seed, 'first'), [], 'a client of the seed sees nothing of it')
    })

    await t.test('a client of the seed may type, and nobody may in chats of others', async (t) => {
      const reader = await followAll(t, cluster, 1, ann)
      const stranger = await connect(t, cluster.replica(0), carol.accessToken)
      stranger.send({ type: 'typing', chatID })
      stranger.send({ type: 'chat_created', chatID })
      t.strictSame((await stranger.barrier()).map(({ type }) => type), ['error'], 'only chat_created is refused')
      const author = await connect(t, cluster.replica(0), bob.accessToken)
      author.send({ type: 'typing', chatID })
      t.strictSame(await reader.next(), { type: 'user_typing', chatID, username: bob.username })
      await say(author, chatID, 'last')
      t.strictSame(await seenUpTo(reader, 'last'), [])
    })

    await t.test('typing takes nothing from the rate of posts, and has one of its own', async (t) => {
      const author = await followAll(t, cluster, 0, ann)
      for (let index = 0; index < 60; index++) author.send({ type: 'typing', chatID })
      await say(author, chatID, 'posted')
      for (let index = 0; index < 300; index++) author.send({ type: 'typing', chatID })
      t.equal((await author.next(({ type }) => type === 'error'))['code'], 'too_many_frames')
    })

    await t.test('where presence is off, join_idle is answered once, without names', async (t) => {
      const socket = await connect(t, cluster.replica(0), ann.accessToken)
      socket.send({ type: 'join_idle' })
      socket.send({ type: 'join_idle' })
      t.strictSame(await socket.barrier(), [{ type: 'online_users', users: [] }])
    })
  },
  { environment: { FRAMES_PER_SECOND: '1', FRAME_BURST: '50', RATE_LIMITS: 'on' } }
)
