import t, { type Test } from '../../support/tap.ts'
import { expectOk, expectRefusal } from '../../support/checks/answers.ts'
import type { Answer } from '../../support/clients/http.ts'
import { join, type SocketClient } from '../../support/clients/socket.ts'
import { createChat, register, startChat, type Account } from '../../support/data/accounts.ts'
import { at, listAt } from '../../support/data/json.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

const DELETED = 'Chat deleted successfully!'

await onOneDeployment(t, async (t, cluster) => {
  await leaving(t, cluster)
  await returning(t, cluster)
  await refusing(t, cluster)
})

async function remove (cluster: Cluster, account: Account, chatID: unknown): Promise<Answer> {
  return cluster.post('/chat/delete-chat', { session_token: account.accessToken, chatID })
}

async function read (cluster: Cluster, account: Account, chatID: number): Promise<Answer> {
  return cluster.post('/chat/messages', { session_token: account.accessToken, chatID })
}

async function textsOf (cluster: Cluster, account: Account, chatID: number): Promise<unknown[]> {
  return listAt((await read(cluster, account, chatID)).body).map((message) => at(message, 'message'))
}

async function chatIDsOf (cluster: Cluster, account: Account): Promise<unknown[]> {
  const answer = await cluster.post('/chat/fetch-chats', { session_token: account.accessToken })
  return listAt(answer.body, 'response').map((chat) => at(chat, 'chatID'))
}

async function say (socket: SocketClient, chatID: number, text: string): Promise<void> {
  socket.send({ type: 'post_msg', chatID, text })
  await socket.next((frame) => frame['message'] === text)
}

async function leaving (t: Test, cluster: Cluster): Promise<void> {
  await t.test('who deletes a chat is out of it, and the other keeps it with its history', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    const socket = await join(t, cluster.replica(1), bob.accessToken, chatID)
    await say(socket, chatID, 'before')
    expectOk(t, await remove(cluster, ann, chatID), DELETED)

    t.strictSame(await chatIDsOf(cluster, ann), [])
    expectRefusal(t, await read(cluster, ann, chatID), 404)
    t.strictSame(await chatIDsOf(cluster, bob), [chatID])
    await say(socket, chatID, 'after')
    t.strictSame(await textsOf(cluster, bob, chatID), ['before', 'after'])
  })

  await t.test('a joined socket of the one who left gets no more, on any replica', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    const leavers = await Promise.all(cluster.replicas.map((replica) => join(t, replica, ann.accessToken, chatID)))
    const witnesses = await Promise.all(cluster.replicas.map((replica) => join(t, replica, bob.accessToken, chatID)))
    const poster = await join(t, cluster.replica(0), bob.accessToken, chatID)
    await say(poster, chatID, 'before')
    for (const socket of [...leavers, ...witnesses]) t.equal((await socket.next())['message'], 'before')

    expectOk(t, await remove(cluster, ann, chatID), DELETED)
    await say(poster, chatID, 'after')
    // What the other's socket on the same replica has got, this one would have got before the answer to its barrier.
    for (const witness of witnesses) t.equal((await witness.next())['message'], 'after')
    for (const leaver of leavers) t.strictSame(await leaver.barrier(), [])
  })

  await t.test('who left can neither post nor join', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    const [leaver, witness] = [
      await join(t, cluster.replica(0), ann.accessToken, chatID),
      await join(t, cluster.replica(2), bob.accessToken, chatID)
    ]
    await remove(cluster, ann, chatID)
    for (const frame of [
      { type: 'post_msg', chatID, text: 'ghost' },
      { type: 'join_chat', chatID }
    ]) {
      leaver.send(frame)
      t.equal((await leaver.next())['type'], 'error', frame.type)
    }
    await say(witness, chatID, 'alone')
    t.strictSame(await textsOf(cluster, bob, chatID), ['alone'])
    t.strictSame(await leaver.barrier(), [])
  })

  await t.test('the last one out removes the chat and its messages', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    const socket = await join(t, cluster.replica(0), ann.accessToken, chatID)
    await say(socket, chatID, 'gone with the chat')
    expectOk(t, await remove(cluster, ann, chatID), DELETED)
    expectOk(t, await remove(cluster, bob, chatID), DELETED)
    for (const account of [ann, bob]) {
      expectRefusal(t, await read(cluster, account, chatID), 404)
      expectRefusal(t, await remove(cluster, account, chatID), 404)
      t.strictSame(await chatIDsOf(cluster, account), [])
    }
    const next = await createChat(cluster, bob, ann)
    t.not(next, chatID, 'the next chat of the two is another')
    for (const account of [ann, bob]) t.strictSame(await textsOf(cluster, account, next), [])
  })

  await t.test('both may leave at once', async (t) => {
    for (let round = 0; round < 3; round++) {
      const { ann, bob, chatID } = await startChat(cluster)
      const answers = await Promise.all([ann, bob].map((account) => remove(cluster, account, chatID)))
      t.strictSame(
        answers.map((answer) => answer.status),
        [200, 200]
      )
      t.not(await createChat(cluster, ann, bob), chatID)
    }
  })
}

async function returning (t: Test, cluster: Cluster): Promise<void> {
  for (const [title, inviterIsLeaver] of [
    ['who left comes back by create-chat', true],
    ['the other brings back who left', false]
  ] as const) {
    await t.test(`${title}, into the same chat, and sees only what is posted from then on`, async (t) => {
      const { ann, bob, chatID } = await startChat(cluster)
      const socket = await join(t, cluster.replica(0), bob.accessToken, chatID)
      await say(socket, chatID, 'while both were there')
      await remove(cluster, ann, chatID)
      await say(socket, chatID, 'while Bob was alone')

      const [from, to] = inviterIsLeaver ? [ann, bob] : [bob, ann]
      t.equal(await createChat(cluster, from, to), chatID)
      t.strictSame(await chatIDsOf(cluster, ann), [chatID])
      t.strictSame(await textsOf(cluster, ann, chatID), [])
      const back = await join(t, cluster.replica(1), ann.accessToken, chatID)
      await say(socket, chatID, 'after the return')
      t.equal((await back.next())['message'], 'after the return')
      await say(back, chatID, 'and an answer')
      t.strictSame(await textsOf(cluster, ann, chatID), ['after the return', 'and an answer'])
      t.strictSame(await textsOf(cluster, bob, chatID), [
        'while both were there',
        'while Bob was alone',
        'after the return',
        'and an answer'
      ])
      expectRefusal(
        t,
        await cluster.post('/chat/create-chat', { session_token: ann.accessToken, receiver: bob.username }),
        409
      )
    })
  }

  await t.test('a second return cuts the history again', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    const socket = await join(t, cluster.replica(2), bob.accessToken, chatID)
    for (const text of ['first', 'second', 'third']) {
      await remove(cluster, ann, chatID)
      t.equal(await createChat(cluster, ann, bob), chatID)
      await say(socket, chatID, text)
      t.strictSame(await textsOf(cluster, ann, chatID), [text])
    }
  })

  await t.test('of several returns at once one gets 200 and the others 409', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    await remove(cluster, ann, chatID)
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        cluster.post(
          '/chat/create-chat',
          index % 2 === 0
            ? { session_token: ann.accessToken, receiver: bob.username }
            : { session_token: bob.accessToken, receiver: ann.username }
        )
      )
    )
    t.strictSame(answers.map((answer) => answer.status).sort(), [200, 409, 409, 409, 409, 409])
    t.equal(at(answers.find((answer) => answer.status === 200)?.body, 'chatID'), chatID)
  })
}

async function refusing (t: Test, cluster: Cluster): Promise<void> {
  await t.test('a chat can be deleted once by each', async (t) => {
    const { ann, chatID } = await startChat(cluster)
    expectOk(t, await remove(cluster, ann, chatID), DELETED)
    expectRefusal(t, await remove(cluster, ann, chatID), 404)
  })

  await t.test('a chat of others and a chat that does not exist answer 404 and stay as they are', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    const stranger = await register(cluster)
    expectRefusal(t, await remove(cluster, stranger, chatID), 404, 'a chat of others')
    expectRefusal(t, await remove(cluster, stranger, 999_999_999), 404, 'no chat')
    for (const account of [ann, bob]) t.strictSame(await chatIDsOf(cluster, account), [chatID])
  })

  await t.test('a missing or wrong chatID is refused', async (t) => {
    const { ann, chatID } = await startChat(cluster)
    for (const wrong of [undefined, null, '', String(chatID), chatID + 0.5, true, [chatID], {}]) {
      expectRefusal(t, await remove(cluster, ann, wrong), 400, JSON.stringify(wrong))
    }
    t.strictSame(await chatIDsOf(cluster, ann), [chatID])
  })

  await t.test('without a session 401 is answered', async (t) => {
    const { ann, chatID } = await startChat(cluster)
    expectRefusal(t, await cluster.post('/chat/delete-chat', { chatID }), 401)
    t.strictSame(await chatIDsOf(cluster, ann), [chatID])
  })
}
