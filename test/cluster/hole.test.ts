import { sql } from 'drizzle-orm'
import t, { type Test } from '../support/tap.ts'
import { metricBecomes, scrape } from '../support/clients/metrics.ts'
import { connect, join, type Frame, type SocketClient } from '../support/clients/socket.ts'
import { startChat } from '../support/data/accounts.ts'
import type { Cluster } from '../support/servers/cluster.ts'
import { onOneDeployment, onServices } from '../support/servers/deployments.ts'
import { isChatChannel, withFaults } from '../support/servers/faulty-bus.ts'

const METRICS = { METRICS_PORT: '0', METRICS_HOST: '127.0.0.1' }
const isMessage = (frame: Frame) => frame['type'] === 'new_message'

/** Posts so many messages, one after the other. */
async function post (writer: SocketClient, chatID: number, count: number): Promise<void> {
  for (let ref = 0; ref < count; ref++) {
    writer.send({ type: 'post_msg', chatID, text: `message ${String(ref)}`, ref })
    await writer.next((frame) => frame['ref'] === ref)
  }
}

/** The seqs of the next messages. */
async function seqs (reader: SocketClient, count: number): Promise<unknown[]> {
  const found = []
  while (found.length < count) found.push((await reader.next(isMessage))['seq'])
  return found
}

async function repairsAcross (t: Test, cluster: Cluster, losing: { isLosing: boolean }): Promise<void> {
  const { ann, bob, chatID } = await startChat(cluster)
  const [near, far] = [cluster.replica(0), cluster.replica(1)]
  const writer = await connect(t, near, ann.accessToken)
  const nearReader = await join(t, near, bob.accessToken, chatID)
  const farReader = await join(t, far, bob.accessToken, chatID)
  await post(writer, chatID, 3)
  t.strictSame(await seqs(farReader, 3), [1, 2, 3])

  losing.isLosing = true
  await post(writer, chatID, 5)
  await cluster.orm.execute(sql`delete from messages where chat_id = ${chatID} and seq in (5, 6)`)
  losing.isLosing = false
  await post(writer, chatID, 1)
  t.strictSame(await seqs(farReader, 4), [4, 7, 8, 9], 'a replica that was told nothing reads what is there')
  t.strictSame(await seqs(nearReader, 9), [1, 2, 3, 4, 5, 6, 7, 8, 9], 'one that had it has delivered it')

  const metrics = await scrape(far)
  t.strictSame(
    [
      metrics.value('chat_events_missing_total', {}),
      metrics.value('chat_position_repair_total', { cause: 'gap' }),
      metrics.value('chat_position_repair_stalls_total', {})
    ],
    [2, 1, 0],
    'with one repair'
  )
  const lines = cluster.log.filter((line) => line.includes('lacks events below its head'))
  t.equal(lines.length, 1, 'and one line in the log')
  t.match(JSON.parse(lines[0] ?? '{}'), { chatId: chatID, after: 3, lastSeq: 9, missing: 2 })
  t.strictSame([await farReader.barrier(), await nearReader.barrier()], [[], []])
}

const losing = { isLosing: false }
await onServices(
  t,
  async (t, cluster) => {
    await t.test('a replica that must repair across rows that were removed by hand goes on behind them', async (t) => {
      await repairsAcross(t, cluster, losing)
    })
  },
  {
    inspectable: true,
    replicas: 2,
    environment: { ...METRICS, SWEEP_INTERVAL: '1h' },
    wrapBus: (bus) =>
      withFaults(bus, (channel) => (losing.isLosing && isChatChannel(channel) ? [] : undefined))
  }
)

await onOneDeployment(
  t,
  async (t, cluster) => {
    await t.test('rows that are missing right below the head hold up neither joins nor messages', async (t) => {
      const { ann, bob, chatID } = await startChat(cluster)
      const writer = await connect(t, cluster.replica(0), ann.accessToken)
      await post(writer, chatID, 2)
      const live = await join(t, cluster.replica(1), bob.accessToken, chatID)
      await cluster.orm.execute(sql`delete from messages where chat_id = ${chatID} and seq = 2`)
      await cluster.orm.execute(sql`update chat_heads set last_seq = 4 where chat_id = ${chatID}`)

      await t.test('a sweep notices once', async (t) => {
        t.equal(
          await metricBecomes(cluster.replica(1), 'chat_events_missing_total', {}, (value) => value > 0),
          2
        )
      })

      for (const after of [0, 1, 2, 3]) {
        const late = await connect(t, cluster.replica(2), bob.accessToken)
        late.send({ type: 'join_chat', chatID, after, ref: 'late' })
        const expected = after === 0 ? [1] : []
        t.strictSame(await seqs(late, expected.length), expected)
        t.match(await late.next(), { type: 'ack', ref: 'late', seq: 4 }, `a join behind ${String(after)}`)
      }

      const reader = await join(t, cluster.replica(2), ann.accessToken, chatID)
      await post(writer, chatID, 1)
      t.strictSame(await seqs(live, 1), [5])
      t.strictSame(await seqs(reader, 1), [5])
      t.strictSame([await live.barrier(), await reader.barrier()], [[], []])
    })

    await t.test('who has left is told so, not that there is nothing', async (t) => {
      const { ann, bob, chatID } = await startChat(cluster)
      const writer = await connect(t, cluster.replica(0), ann.accessToken)
      await post(writer, chatID, 1)
      await cluster.post('/chat/delete-chat', { session_token: bob.accessToken, chatID })
      const late = await connect(t, cluster.replica(1), bob.accessToken)
      late.send({ type: 'join_chat', chatID, after: 0, ref: 'late' })
      t.match(await late.next(), { type: 'error', ref: 'late', code: 'not_a_participant' })
    })
  },
  { inspectable: true, environment: { ...METRICS, SWEEP_INTERVAL: '100ms' } }
)
