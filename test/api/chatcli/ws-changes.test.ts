import t, { type Test } from '../../support/tap.ts'
import { connect, join, type SocketClient } from '../../support/clients/socket.ts'
import { register, startChat, type Account } from '../../support/data/accounts.ts'
import { at, integerAt, listAt } from '../../support/data/json.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

const NO_MESSAGE = 999_999_999

/** Posts a message. @returns its number */
async function say (socket: SocketClient, chatID: number, text: string): Promise<number> {
  socket.send({ type: 'post_msg', chatID, text, ref: text })
  return integerAt(await socket.next((frame) => frame['ref'] === text), 'messageID')
}

/** Sends a change. @returns the code of its refusal, or its acknowledgement */
async function change (socket: SocketClient, frame: object): Promise<unknown> {
  socket.send({ ...frame, ref: 'change' })
  const answer = await socket.next(({ ref }) => ref === 'change')
  return answer['type'] === 'error' ? answer['code'] : answer
}

async function textsOf (cluster: Cluster, account: Account, chatID: number): Promise<unknown[]> {
  const answer = await cluster.post('/chat/messages', { session_token: account.accessToken, chatID })
  return listAt(answer.body).map((message) => at(message, 'message'))
}

async function scene (t: Test, cluster: Cluster) {
  const { ann, bob, chatID } = await startChat(cluster)
  const [author, other] = [
    await connect(t, cluster.replica(0), ann.accessToken), await connect(t, cluster.replica(1), bob.accessToken)
  ]
  return { ann, bob, chatID, author, other, reader: await join(t, cluster.replica(2), bob.accessToken, chatID) }
}

await onOneDeployment(t, async (t, cluster) => {
  await t.test('the author changes and deletes a message: histories and replays show it as it is now', async (t) => {
    const { ann, bob, chatID, author, reader } = await scene(t, cluster)
    const [first, second] = [await say(author, chatID, 'one'), await say(author, chatID, 'two')]
    t.hasStrict(await change(author, { type: 'edit_msg', chatID, messageID: first, text: 'uno' }), { chatID, seq: 3 })
    t.hasStrict(await change(author, { type: 'delete_msg', chatID, messageID: second }), { chatID, seq: 4 })
    await say(author, chatID, 'three')
    for (const account of [ann, bob])
      t.strictSame(await textsOf(cluster, account, chatID), ['uno', '--deleted--', 'three'])
    const late = await connect(t, cluster.replica(1), bob.accessToken)
    late.send({ type: 'join_chat', chatID, after: 0, ref: 'join' })
    t.strictSame(
      (await late.take(4)).map(({ seq, message }) => [seq, message]),
      [[1, 'uno'], [2, '--deleted--'], [5, 'three'], [5, undefined]]
    )
    t.strictSame(
      (await reader.take(3)).map(({ type, message }) => [type, message]),
      ['one', 'two', 'three'].map((text) => ['new_message', text]),
      'a client of the seed is sent messages alone'
    )
    t.strictSame(await reader.barrier(), [])
  })

  await t.test('what changes nothing is acknowledged without a seq', async (t) => {
    const { chatID, author } = await scene(t, cluster)
    const messageID = await say(author, chatID, 'one')
    const nothing = { type: 'ack', ref: 'change', chatID }
    t.strictSame(await change(author, { type: 'edit_msg', chatID, messageID, text: 'one' }), nothing)
    await change(author, { type: 'delete_msg', chatID, messageID })
    t.strictSame(await change(author, { type: 'delete_msg', chatID, messageID }), nothing)
  })

  await t.test('only the author may, only where the message is, and only while it is there', async (t) => {
    const { ann, chatID, author, other } = await scene(t, cluster)
    const elsewhere = await scene(t, cluster)
    const stranger = await connect(t, cluster.replica(0), (await register(cluster)).accessToken)
    const [messageID, deleted] = [await say(author, chatID, 'one'), await say(author, chatID, 'two')]
    await change(author, { type: 'delete_msg', chatID, messageID: deleted })
    const edit = { type: 'edit_msg', chatID, messageID, text: 'changed' }
    const remove = { type: 'delete_msg', chatID, messageID }
    t.strictSame(await change(other, edit), 'not_the_author')
    t.strictSame(await change(other, remove), 'not_the_author')
    t.strictSame(await change(stranger, edit), 'not_a_participant')
    t.strictSame(await change(stranger, remove), 'not_a_participant')
    t.strictSame(await change(author, { ...edit, messageID: NO_MESSAGE }), 'unknown_message')
    t.strictSame(await change(elsewhere.author, { ...edit, chatID: elsewhere.chatID }), 'unknown_message')
    t.strictSame(await change(author, { ...edit, messageID: deleted }), 'message_deleted')
    for (const text of ['', '   ', 'x'.repeat(4_001), 'a\0'])
      t.strictSame(await change(author, { ...edit, text }), 'invalid_text', text.slice(0, 5))
    await cluster.post('/chat/delete-chat', { session_token: ann.accessToken, chatID })
    t.strictSame(await change(author, edit), 'not_a_participant')
    t.strictSame(await change(author, remove), 'not_a_participant')
  })

  await t.test('posts and changes of one socket keep their order', async (t) => {
    const { chatID, ann, author } = await scene(t, cluster)
    const messageID = await say(author, chatID, 'start')
    for (let index = 0; index < 20; index++) {
      author.send({ type: 'post_msg', chatID, text: String(index), ref: `p${String(index)}` })
      author.send({ type: 'edit_msg', chatID, messageID, text: `edit ${String(index)}`, ref: `e${String(index)}` })
    }
    const acks = new Map<unknown, unknown>()
    while (acks.size < 40) {
      const { ref, seq } = await author.next()
      acks.set(ref, seq)
    }
    t.strictSame(
      Array.from({ length: 20 }, (_, index) => [acks.get(`p${String(index)}`), acks.get(`e${String(index)}`)]).flat(),
      Array.from({ length: 40 }, (_, index) => index + 2)
    )
    t.equal((await textsOf(cluster, ann, chatID))[0], 'edit 19')
  })
})
