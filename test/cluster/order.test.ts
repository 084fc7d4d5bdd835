import t, { type Test } from '../support/tap.ts'
import type { Bus } from '../../src/bus/bus.ts'
import { join } from '../support/clients/socket.ts'
import { startChat } from '../support/data/accounts.ts'
import { at, integerAt, listAt } from '../support/data/json.ts'
import type { Cluster } from '../support/servers/cluster.ts'
import { onServices } from '../support/servers/deployments.ts'
import { isChatChannel, withFaults, type Fate } from '../support/servers/faulty-bus.ts'

const SOCKETS = 8
const POSTS_EACH = 30
const DEADLINE_MS = 20_000

const LOST: Fate = []
const DOUBLED: Fate = [0, 0]
const OVERTAKEN: Fate = [5]

// Each post is a commit and an announcement of its own, so that those of the two replicas interleave.
const environment = { POST_BATCH: '1', SWEEP_INTERVAL: '200ms' }

await onServices(
  t,
  async (t, cluster) => {
    await t.test(
      '60 posts in a row from two senders on two replicas arrive at eight sockets on three replicas, all, once, in ' +
      'the order of the history',
      async (t) => converse(t, cluster)
    )
  },
  { environment }
)

await onServices(
  t,
  async (t, cluster) => {
    await t.test('so they do when announcements are lost, doubled and swapped on the way', async (t) =>
      converse(t, cluster)
    )
  },
  { environment, wrapBus: unreliable }
)

async function converse (t: Test, cluster: Cluster): Promise<void> {
  const { ann, bob, chatID } = await startChat(cluster)
  const accounts = [ann, bob]
  const sockets = await Promise.all(
    Array.from({ length: SOCKETS }, (_, index) =>
      join(
        t,
        cluster.replica(index),
        accounts[Math.floor(index / cluster.replicas.length) % 2]?.accessToken ?? '',
        chatID
      )
    )
  )
  const senders = await Promise.all(
    accounts.map((account, index) => join(t, cluster.replica(index), account.accessToken, chatID))
  )

  const texts = accounts.map((account) =>
    Array.from({ length: POSTS_EACH }, (_, index) => `${account.username} ${String(index)}`)
  )
  for (let index = 0; index < POSTS_EACH; index++) {
    for (const [number, sender] of senders.entries())
      sender.send({ type: 'post_msg', chatID, text: texts[number]?.[index] })
  }

  const streams = []
  for (const socket of [...sockets, ...senders]) streams.push(await socket.take(2 * POSTS_EACH, DEADLINE_MS))
  const answer = await cluster.post('/chat/messages', { session_token: ann.accessToken, chatID, limit: 200 })
  const history = listAt(answer.body)
  t.equal(
    new Set(history.map((message) => integerAt(message, 'messageID'))).size,
    2 * POSTS_EACH,
    'all are stored, once'
  )
  for (const [number, account] of accounts.entries()) {
    const own = history.filter((message) => at(message, 'username') === account.username)
    t.strictSame(
      own.map((message) => at(message, 'message')),
      texts[number],
      'each sender\'s posts are in the order they were sent'
    )
  }
  for (const stream of streams) {
    t.ok(stream.every((frame) => frame['type'] === 'new_message'))
    t.strictSame(
      stream.map((frame) => frame['messageID']),
      history.map((message) => at(message, 'messageID')),
      'the order is the history\'s'
    )
    t.strictSame(
      stream.map((frame) => frame['message']),
      history.map((message) => at(message, 'message')),
      'so are the texts'
    )
  }
  for (const socket of [...sockets, ...senders]) t.strictSame(await socket.barrier(), [], 'nothing comes twice')
}

/** A bus that keeps no more than the guarantee of the port. */
function unreliable (bus: Bus): Bus {
  let count = 0
  return withFaults(bus, (channel) => {
    if (!isChatChannel(channel)) return undefined
    count++
    if (count % 7 === 0) return LOST
    if (count % 5 === 0) return DOUBLED
    return count % 3 === 0 ? OVERTAKEN : undefined
  })
}
