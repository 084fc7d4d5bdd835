import t from '../../support/tap.ts'
import { expectOk } from '../../support/checks/answers.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { join } from '../../support/clients/socket.ts'
import { createChat, register, type Account } from '../../support/data/accounts.ts'
import { at, listAt } from '../../support/data/json.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

/** The ids and names in an account's list of chats, in its order. */
async function listOf (cluster: Cluster, account: Account): Promise<unknown[]> {
  const answer = await cluster.post('/chat/fetch-chats', { session_token: account.accessToken })
  return listAt(answer.body, 'response').map((chat) => ({ chatID: at(chat, 'chatID'), name: at(chat, 'name') }))
}

await onOneDeployment(t, async (t, cluster) => {
  await t.test('somebody without a chat gets an empty list', async (t) => {
    const ann = await register(cluster)
    const answer = await cluster.post('/chat/fetch-chats', { session_token: ann.accessToken })
    expectOk(t, answer, [])
    t.equal(at(answer.body, 'message'), '')
  })

  await t.test('each of the two sees the chat under the other\'s name, in the case they registered with', async (t) => {
    const ann = await register(cluster, uniqueName('ANN-'))
    const bob = await register(cluster, uniqueName('bOb-'))
    const chatID = await createChat(cluster, ann, bob)
    t.strictSame(await listOf(cluster, ann), [{ chatID, name: bob.username }])
    t.strictSame(await listOf(cluster, bob), [{ chatID, name: ann.username }])
  })

  await t.test('everybody sees their own chats and no others', async (t) => {
    const ann = await register(cluster)
    const others = [await register(cluster), await register(cluster), await register(cluster)]
    const mine = []
    for (const other of others) mine.push({ chatID: await createChat(cluster, ann, other), name: other.username })
    const [bob, cy] = others
    if (bob === undefined || cy === undefined) throw new Error('There are three others.')
    const theirs = await createChat(cluster, bob, cy)
    t.strictSame(
      (await listOf(cluster, ann)).map((chat) => at(chat, 'chatID')).sort(),
      mine.map((chat) => chat.chatID).sort()
    )
    t.strictSame(
      (await listOf(cluster, bob)).map((chat) => at(chat, 'chatID')).sort(),
      [mine[0]?.chatID, theirs].sort()
    )
  })

  await t.test('a chat stays in the list when messages are posted into it, and is listed once', async (t) => {
    const [ann, bob] = [await register(cluster), await register(cluster)]
    const chatID = await createChat(cluster, ann, bob)
    const socket = await join(t, cluster.replica(0), ann.accessToken, chatID)
    socket.send({ type: 'post_msg', chatID, text: 'Hello' })
    await socket.next()
    t.strictSame(await listOf(cluster, bob), [{ chatID, name: ann.username }])
  })

  await t.test('the other fields that real clients send are ignored', async (t) => {
    const ann = await register(cluster)
    expectOk(
      t,
      await cluster.post('/chat/fetch-chats', {
        session_token: ann.accessToken,
        username: 'somebody',
        order: 'asc',
        version: 5
      }),
      []
    )
  })
})
