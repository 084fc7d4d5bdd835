import t, { type Test } from '../support/tap.ts'
import { ChatClient } from '../support/clients/chat-client.ts'
import { logIn, startChat, type Account } from '../support/data/accounts.ts'
import { eventually } from '../support/deadline.ts'
import { type Cluster, startCluster } from '../support/servers/cluster.ts'
import { createDatabase } from '../support/servers/database.ts'
import { withServices } from '../support/servers/deployments.ts'
import { dumpDatabase, restoreDump } from '../support/servers/dump.ts'

const RESTART = 1012

t.setTimeout(300_000)

/** Posts texts, and reads them. @returns a socket on each replica, and the epoch that the reader was told */
async function talk (
  t: Test,
  cluster: Cluster,
  { ann, bob, chatID }: { ann: Account, bob: Account, chatID: number },
  texts: string[]
): Promise<{ sockets: ChatClient[], epoch: unknown }> {
  const [writer, reader] = [
    await ChatClient.open(t, cluster.replica(0), ann.accessToken),
    await ChatClient.open(t, cluster.replica(1), bob.accessToken)
  ]
  const { epoch } = await reader.request({ type: 'join_chat', chatID, epoch: null })
  for (const text of texts) t.match(await writer.request({ type: 'post_msg', chatID, text }), { type: 'ack' })
  return { sockets: [writer, reader], epoch }
}

/** Resumes on every replica as a client does that has read so far. */
async function expectEpochChanged (
  t: Test,
  cluster: Cluster,
  account: Account,
  { chatID, after, epoch }: { chatID: number, after: number, epoch: unknown }
): Promise<void> {
  for (const replica of cluster.replicas) {
    const client = await ChatClient.open(t, replica, account.accessToken)
    const refusal = await client.request({ type: 'join_chat', chatID, after, epoch })
    t.match(refusal, { type: 'error', code: 'epoch_changed', epoch: String })
    t.not(refusal['epoch'], epoch)
    const joined = await client.request({ type: 'join_chat', chatID, after: 0, epoch: refusal['epoch'] })
    t.match(joined, { type: 'ack', seq: 2 }, 'it starts over from what was restored')
  }
}

await withServices(t, 'a dump restored over the database is noticed while replicas serve', async (t, services) => {
  const url = await createDatabase(t, services.databaseUrl)
  const environment = { DATABASE_URL: url, SWEEP_INTERVAL: '200ms', SESSION_CHECK_INTERVAL: '100ms' }
  const cluster = await startCluster(t, { services, replicas: 2, environment })
  const people = await startChat(cluster)
  await talk(t, cluster, people, ['one', 'two'])
  const dump = await dumpDatabase(t, url)
  const { sockets, epoch } = await talk(t, cluster, people, ['three, which is lost'])

  await restoreDump(dump, url, ['--clean', '--if-exists'])
  for (const socket of sockets) t.equal(await socket.closed, RESTART, 'every socket is told to start over')
  // The access tokens were made with rows that the dump has.
  const isServed = async () => (await cluster.get('/readyz')).status === 200
  t.ok(await eventually(isServed), 'and the replicas serve on')
  await expectEpochChanged(t, cluster, people.bob, { chatID: people.chatID, after: 3, epoch })
})

await withServices(t, 'a dump restored into another database of the server is noticed', async (t, services) => {
  const url = await createDatabase(t, services.databaseUrl)
  const cluster = await startCluster(t, { services, replicas: 2, environment: { DATABASE_URL: url } })
  const people = await startChat(cluster)
  await talk(t, cluster, people, ['one', 'two'])
  const restored = await createDatabase(t, services.databaseUrl)
  await restoreDump(await dumpDatabase(t, url), restored)
  const { epoch } = await talk(t, cluster, people, ['three, which is lost'])

  const next = await startCluster(t, { services, replicas: 2, environment: { DATABASE_URL: restored } })
  await expectEpochChanged(t, next, people.bob, { chatID: people.chatID, after: 3, epoch })
  t.ok(await logIn(next, people.bob))
})
