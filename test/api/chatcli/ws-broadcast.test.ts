import t from '../../support/tap.ts'
import { join } from '../../support/clients/socket.ts'
import { startChat } from '../../support/data/accounts.ts'
import { at, listAt } from '../../support/data/json.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

await onOneDeployment(t, async (t, cluster) => {
  await t.test('a message reaches every joined socket of both users on every replica, once', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    const sockets = await Promise.all(
      cluster.replicas.flatMap((replica) => [ann, bob].map((account) => join(t, replica, account.accessToken, chatID)))
    )
    for (const [index, account] of [ann, bob, ann].entries()) {
      const poster = sockets.at(account === ann ? (2 * index) % sockets.length : (2 * index + 1) % sockets.length)
      const text = `message ${String(index)}`
      poster?.send({ type: 'post_msg', chatID, text })
      const frames = await Promise.all(sockets.map((socket) => socket.next()))
      for (const frame of frames) t.strictSame(frame, frames[0], 'all get the same frame')
      t.hasStrict(frames[0], { type: 'new_message', chatID, username: account.username, message: text })
    }
    for (const socket of sockets) t.strictSame(await socket.barrier(), [], 'and get it once')
  })

  await t.test('messages of one chat do not reach the sockets of another', async (t) => {
    const [one, two] = [await startChat(cluster), await startChat(cluster)]
    const [mine, theirs] = await Promise.all(
      [one, two].map((chat) => join(t, cluster.replica(0), chat.ann.accessToken, chat.chatID))
    )
    const poster = await join(t, cluster.replica(1), one.bob.accessToken, one.chatID)
    poster.send({ type: 'post_msg', chatID: one.chatID, text: 'for one chat' })
    t.equal((await mine?.next())?.['message'], 'for one chat')
    t.strictSame(await theirs?.barrier(), [])
  })

  await t.test('a socket that closes ends nobody else\'s messages', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    const [leaver, dropped, stays] = [
      await join(t, cluster.replica(0), ann.accessToken, chatID),
      await join(t, cluster.replica(0), ann.accessToken, chatID),
      await join(t, cluster.replica(0), bob.accessToken, chatID)
    ]
    await leaver.close()
    dropped.terminate()
    const poster = await join(t, cluster.replica(1), bob.accessToken, chatID)
    poster.send({ type: 'post_msg', chatID, text: 'to whom it may concern' })
    t.equal((await stays.next())['message'], 'to whom it may concern')
  })

  await t.test('a chat whose last socket left can be joined again and misses nothing from then on', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    const poster = await join(t, cluster.replica(1), bob.accessToken, chatID)
    for (let round = 0; round < 3; round++) {
      const socket = await join(t, cluster.replica(0), ann.accessToken, chatID)
      poster.send({ type: 'post_msg', chatID, text: `round ${String(round)}` })
      t.equal((await socket.next())['message'], `round ${String(round)}`)
      await socket.close()
      poster.send({ type: 'post_msg', chatID, text: 'while it is away' })
      await poster.take(2)
    }
  })

  await t.test('the posts of one socket arrive in the order they were sent', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    const reader = await join(t, cluster.replica(1), bob.accessToken, chatID)
    const poster = await join(t, cluster.replica(0), ann.accessToken, chatID)
    const texts = Array.from({ length: 100 }, (_, index) => String(index))
    for (const text of texts) poster.send({ type: 'post_msg', chatID, text })
    for (const socket of [reader, poster])
      t.strictSame(
        (await socket.take(texts.length)).map((frame) => frame['message']),
        texts
      )
    const history = await cluster.post('/chat/messages', { session_token: ann.accessToken, chatID, limit: 200 })
    t.strictSame(
      listAt(history.body).map((message) => at(message, 'message')),
      texts
    )
  })
})
