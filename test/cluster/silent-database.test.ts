import t from '../support/tap.ts'
import { startChat } from '../support/data/accounts.ts'
import { at, listAt } from '../support/data/json.ts'
import { startCluster } from '../support/servers/cluster.ts'
import { withServices } from '../support/servers/deployments.ts'
import { ChatClient } from '../support/clients/chat-client.ts'
import { createDatabase } from '../support/servers/database.ts'
import { startTcpProxy } from '../support/servers/tcp-proxy.ts'

t.setTimeout(120_000)

await withServices(
  t,
  'a Postgres that falls silent with its connections open is left for the next host, and nothing is lost or doubled',
  async (t, services) => {
    const direct = new URL(await createDatabase(t, services.databaseUrl))
    const proxy = await startTcpProxy(t, {
      host: direct.hostname,
      port: Number(direct.port === '' ? 5432 : direct.port)
    })
    const DATABASE_URL = direct.href.replace(direct.host, `127.0.0.1:${String(proxy.port)},${direct.host}`)
    const cluster = await startCluster(t, {
      services,
      environment: { DATABASE_URL, DATABASE_TIMEOUT: '500ms', POST_DEADLINE: '60s' }
    })
    const { ann, chatID } = await startChat(cluster)
    const writers = await Promise.all(cluster.replicas.map((replica) => ChatClient.open(t, replica, ann.accessToken)))
    const post = async (text: string) =>
      Promise.all(
        writers.map((writer, index) => writer.request({ type: 'post_msg', chatID, text: `${text} ${String(index)}` }))
      )

    await post('before')
    proxy.hold()
    const answers = await post('during')
    t.strictSame(
      answers.map(({ type }) => type),
      writers.map(() => 'ack')
    )
    t.equal((await cluster.get('/readyz')).status, 200, 'ready again, by the other host')
    const history = listAt((await cluster.post('/chat/messages', { session_token: ann.accessToken, chatID })).body)
    const seqs = answers.map((answer) => answer['seq']).sort()
    t.strictSame(
      seqs,
      writers.map((_, index) => writers.length + index + 1)
    )
    t.equal(new Set(history.map((message) => at(message, 'message'))).size, 2 * writers.length)
    t.equal(history.length, 2 * writers.length)
  }
)
