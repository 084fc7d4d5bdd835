import postgres, { type Sql } from 'postgres'
import t from '../support/tap.ts'
import { collectUnhandled } from '../support/checks/unhandled.ts'
import { startChat } from '../support/data/accounts.ts'
import { eventually } from '../support/deadline.ts'
import { startCluster } from '../support/servers/cluster.ts'
import { withServices } from '../support/servers/deployments.ts'
import { ChatClient } from '../support/clients/chat-client.ts'
import { follow } from '../support/clients/chat-stream.ts'
import { complaintAboutOrder, EndlessLoad, writerName } from '../support/clients/load.ts'
import { Random, seedOf } from '../support/data/random.ts'
import { storedMessages } from '../support/data/stored-messages.ts'
import { startTcpProxy, type TcpProxy } from '../support/servers/tcp-proxy.ts'

const ROUNDS = 10
const KILLS_PER_ROUND = 5
const WINDOW = 6
/** Looks at the head of the chat, without a change, after which nothing is under way. */
const QUIET_LOOKS = 20
const DEADLINE_MS = 60_000

t.setTimeout(300_000)
const rejections = collectUnhandled(t, 'unhandledRejection')

await withServices(t, 'with connections to Postgres that die during commits', async (t, services) => {
  const random = new Random(seedOf(t))
  const target = new URL(services.databaseUrl)
  const proxy = await startTcpProxy(t, { host: target.hostname, port: Number(target.port === '' ? 5432 : target.port) })
  const proxied = new URL(services.databaseUrl)
  proxied.host = `127.0.0.1:${String(proxy.port)}`
  const cluster = await startCluster(t, {
    services: { ...services, databaseUrl: proxied.href },
    inspectable: true,
    environment: { SWEEP_INTERVAL: '200ms', POST_DEADLINE: '60s' }
  })
  target.pathname = new URL(cluster.replica(0).app.config.database.url ?? '').pathname
  const direct = postgres(target.href, { max: 1 })
  t.teardown(() => direct.end())

  const { ann, bob, chatID } = await startChat(cluster)
  const followers = await Promise.all(cluster.replicas.map((replica) => follow(t, replica, bob.accessToken, chatID)))
  // The second half of the writers gives no clientMessageID.
  const writers = await Promise.all(
    Array.from({ length: 2 * cluster.replicas.length }, (_, index) =>
      ChatClient.open(t, cluster.replica(index), ann.accessToken)
    )
  )
  const load = new EndlessLoad(writers, chatID, WINDOW, (writer, index) => {
    const text = `${writerName(writer)} ${String(index)}`
    return writer < cluster.replicas.length ? { text, clientMessageID: text } : { text }
  })
  let killed = 0
  for (let round = 0; round < ROUNDS; round++) {
    killed += await killConnections(direct, random)
    await withholdAnswers(direct, proxy, chatID)
  }
  const results = await load.stop()
  t.equal(killed, ROUNDS * KILLS_PER_ROUND, 'connections were killed at work')

  const stored = await storedMessages(cluster, chatID)
  t.strictSame(
    stored.map(({ seq }) => seq),
    stored.map((_, index) => index + 1),
    'the seqs have no gap'
  )
  t.equal(
    new Set(stored.map(({ text }) => text)).size,
    stored.length,
    'no post is stored twice, with a clientMessageID or without'
  )
  const bySeq = new Map(stored.map((row) => [row.seq, row]))
  const acked = results.flatMap((result) => result.acked)
  t.strictSame(
    acked.filter(
      ({ seq, text, messageID }) => bySeq.get(seq)?.text !== text || bySeq.get(seq)?.messageID !== messageID
    ),
    [],
    'every acknowledgement names a row that is stored'
  )
  t.equal(new Set(acked.map(({ seq }) => seq)).size, acked.length, 'and no two the same')
  t.ok(
    acked.some(({ duplicate }) => duplicate),
    'some of them were in doubt: stored, and found by a retry'
  )
  t.strictSame(
    results.flatMap(({ refused }) => refused),
    [],
    'none is given up'
  )
  t.equal(acked.length, stored.length, 'so all that is stored is acknowledged')

  t.equal(
    complaintAboutOrder(
      stored.map(({ text }) => text),
      new Map(load.sent.map((count, writer) => [writerName(writer), count]))
    ),
    undefined,
    'every writer\'s posts are all there, in the order they were sent'
  )
  for (const { stream } of followers) {
    await stream.reached(stored.length)
    t.strictSame(stream.complaints, [], 'every seq comes once, one after the other')
    t.strictSame(
      stream.messages.map(({ text }) => text),
      stored.map(({ text }) => text)
    )
  }
  t.strictSame(rejections, [], 'no promise is left to reject unheard')
})

/** Kills connections that are storing posts, any of those that are there at a time. @returns how many */
async function killConnections (sql: Sql, random: Random): Promise<number> {
  let killed = 0
  await eventually(async () => {
    const rows = await sql`
      select pg_terminate_backend(pid) from (
        select pid from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and state = 'active'
          and query like '%post_messages%'
        order by pid offset ${random.integer(0, 2)} limit 1
      ) as victim`
    killed += rows.length
    return killed >= KILLS_PER_ROUND
  }, DEADLINE_MS)
  return killed
}

/** Keeps the answers of Postgres until every post that is under way is stored, and drops all connections. */
async function withholdAnswers (sql: Sql, proxy: TcpProxy, chatID: number): Promise<void> {
  const head = async () => {
    const [row] = await sql<{ head: string }[]>`select last_seq as head from chat_heads where chat_id = ${chatID}`
    return Number(row?.head)
  }
  const start = await head()
  await eventually(async () => (await head()) > start, DEADLINE_MS)
  proxy.hold()
  let [latest, unchanged] = [0, 0]
  await eventually(async () => {
    const now = await head()
    unchanged = now === latest ? unchanged + 1 : 0
    latest = now
    return unchanged > QUIET_LOOKS
  }, DEADLINE_MS)
  await proxy.cut()
  proxy.release()
  await proxy.open()
}
