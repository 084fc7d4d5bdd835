import { eq, gt } from 'drizzle-orm'
import t, { type Test } from '../support/tap.ts'
import { bumpEpoch } from '../../src/store/epoch.ts'
import { chatHeads, messages } from '../../src/store/schema.ts'
import { connect } from '../support/clients/socket.ts'
import { startChat, type Account } from '../support/data/accounts.ts'
import { at } from '../support/data/json.ts'
import type { Cluster } from '../support/servers/cluster.ts'
import { onOneDeployment } from '../support/servers/deployments.ts'
import { ChatClient, SocketGoneError } from '../support/clients/chat-client.ts'

const RESTART = 1012
const OPTIONS = { inspectable: true, environment: { SWEEP_INTERVAL: '200ms' } }

const open = async (t: Test, cluster: Cluster, account: Account) =>
  Promise.all(cluster.replicas.map((replica) => ChatClient.open(t, replica, account.accessToken)))

/** Loses what came after a message, as a standby does that had not heard of it yet. */
async function goBack ({ orm }: Cluster, chatID: number, lastSeq: number): Promise<void> {
  await orm.delete(messages).where(gt(messages.seq, lastSeq))
  await orm.update(chatHeads).set({ lastSeq }).where(eq(chatHeads.chatId, chatID))
  await bumpEpoch(orm)
}

await t.test('when acknowledged messages are gone, nobody goes on counting from them', async (t) => {
  await onOneDeployment(
    t,
    async (t, cluster) => {
      const { ann, bob, chatID } = await startChat(cluster)
      const [readers, [writer]] = [await open(t, cluster, bob), await open(t, cluster, ann)]
      t.ok(writer)
      const epochs = await Promise.all(
        readers.map(async (reader) => (await reader.request({ type: 'join_chat', chatID, epoch: null }))['epoch'])
      )
      const [before] = epochs
      t.match(before, /^\S{1,64}$/)
      t.strictSame(
        epochs,
        epochs.map(() => before),
        'all replicas tell the same epoch'
      )
      for (const text of ['kept', 'lost', 'lost, too'])
        await writer?.request({ type: 'post_msg', chatID, text, clientMessageID: text })

      await goBack(cluster, chatID, 1)
      for (const reader of readers) t.equal(await reader.closed, RESTART, 'every socket is told to come again')

      const returned = await Promise.all(cluster.replicas.map((replica) => connect(t, replica, bob.accessToken)))
      for (const reader of returned) {
        reader.send({ type: 'join_chat', chatID, after: 3, epoch: before, ref: 'j1' })
        const refusal = await reader.next()
        t.match(refusal, { type: 'error', ref: 'j1', code: 'epoch_changed', message: String, epoch: String })
        t.not(refusal['epoch'], before)
        reader.send({ type: 'join_chat', chatID, after: 0, epoch: refusal['epoch'], ref: 'j2' })
        t.match(
          await reader.take(2),
          [
            { message: 'kept', seq: 1 },
            { type: 'ack', seq: 1, epoch: refusal['epoch'] }
          ],
          'from the start, in the epoch that was told'
        )
      }
      const [author] = await open(t, cluster, ann)
      t.match(
        await author?.request({ type: 'post_msg', chatID, text: 'new', clientMessageID: 'lost' }),
        { type: 'ack', seq: 2 },
        'what was lost can be posted again'
      )
      for (const reader of returned)
        t.match(await reader.next(), { message: 'new', seq: 2 }, 'and a seq that is used again reaches everybody')
    },
    OPTIONS
  )
})

await t.test(
  'a replica that has not noticed yet asks the store before it refuses a client or believes it',
  async (t) => {
    await onOneDeployment(
      t,
      async (t, cluster) => {
        const { bob, chatID } = await startChat(cluster)
        const join = async (replica: number, epoch: unknown) =>
          (await ChatClient.open(t, cluster.replica(replica), bob.accessToken)).request({
            type: 'join_chat',
            chatID,
            epoch
          })
        const before = at(await join(0, null), 'epoch')
        await bumpEpoch(cluster.orm)
        // What it finds closes every socket, this one too; the next one gets the answer.
        await t.rejects(join(0, 'of another server'), SocketGoneError)
        const refusal = await join(0, 'of another server')
        t.match(refusal, { type: 'error', code: 'epoch_changed' })
        const after = refusal['epoch']
        t.not(after, before)
        t.match(await join(0, after), { type: 'ack', epoch: after })
        for (const replica of cluster.replicas.keys()) {
          if (replica > 0) await t.rejects(join(replica, after), SocketGoneError)
          t.match(await join(replica, after), { type: 'ack', epoch: after })
        }
      },
      { inspectable: true, environment: { SWEEP_INTERVAL: '1h' } }
    )
  }
)

await t.test('who does not speak of epochs hears nothing of them', async (t) => {
  await onOneDeployment(t, async (t, cluster) => {
    const { bob, chatID } = await startChat(cluster)
    const client = await connect(t, cluster.replica(0), bob.accessToken)
    client.send({ type: 'join_chat', chatID, ref: 'j1' })
    t.strictSame(await client.next(), { type: 'ack', ref: 'j1', chatID, seq: 0 })
  })
})
