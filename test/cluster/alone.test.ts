import t from '../support/tap.ts'
import { eventually } from '../support/deadline.ts'
import { startCluster } from '../support/servers/cluster.ts'
import { createStore } from '../support/servers/database.ts'
import { engineUrl } from '../support/servers/engine.ts'
import { connect, join } from '../support/clients/socket.ts'
import { startChat } from '../support/data/accounts.ts'

const DEADLINE_MS = 30_000
const ALONE = { status: 'ok', database: 'up', bus: 'up' }
const SHARED = {
  status: 'degraded',
  database: 'up',
  bus: 'down',
  reason: 'another replica uses the same database, and no bus connects them: set REDIS_URL'
}

t.setTimeout(120_000)

await t.test('two replicas on one database without a Redis say so', async (t) => {
  const DATABASE_URL = await createStore(t, engineUrl())
  const environment = { DATABASE_URL, SWEEP_INTERVAL: '1h' }
  const first = await startCluster(t, { environment })
  const ready = async () => (await first.get('/readyz')).body
  t.strictSame(await ready(), ALONE)

  const { ann, bob, chatID } = await startChat(first)
  const second = await startCluster(t, { environment })
  t.strictSame((await second.get('/readyz')).body, SHARED, 'the second at its start')
  t.match(second.log.join(''), /"level":50.*another replica uses this database, and REDIS_URL is not set/)
  const becomes = async (state: unknown) =>
    eventually(async () => JSON.stringify(await ready()) === JSON.stringify(state), DEADLINE_MS)
  t.ok(await becomes(SHARED), 'the first soon')

  const reader = await join(t, second.replica(0), bob.accessToken, chatID)
  const writer = await connect(t, first.replica(0), ann.accessToken)
  writer.send({ type: 'post_msg', chatID, text: 'across' })
  await reader.next((frame) => frame['type'] === 'new_message', DEADLINE_MS)
  t.pass('messages are read from the store')

  await second.replica(0).close()
  t.ok(await becomes(ALONE), 'until one is alone again')
})
