import { chmod } from 'node:fs/promises'
import path from 'node:path'
import t from '../support/tap.ts'
import { PostgresServer } from '../support/servers/postgres-server.ts'
import { ChatClient } from '../support/clients/chat-client.ts'
import { startChat } from '../support/data/accounts.ts'
import { listAt } from '../support/data/json.ts'
import { eventually } from '../support/deadline.ts'
import { startCluster } from '../support/servers/cluster.ts'
import { withServices } from '../support/servers/deployments.ts'
import { temporaryFolder } from '../support/servers/program.ts'
import { startTcpProxy } from '../support/servers/tcp-proxy.ts'

const REQUESTS = 20
const DEADLINE_MS = 60_000

t.setTimeout(120_000)

await withServices(
  t,
  'a replica whose connections led to a standby for a while serves again by itself',
  async (t, services) => {
    const folder = await temporaryFolder(t)
    await chmod(folder, 0o755)
    const primary = await PostgresServer.create(t, { folder: path.join(folder, 'primary') })
    await primary.start()
    const standby = await PostgresServer.reserve(t, path.join(folder, 'standby'))
    await standby.copyFrom(primary, { asStandby: true })
    await standby.start()
    const proxy = await startTcpProxy(t, { host: '127.0.0.1', port: primary.port })
    const cluster = await startCluster(t, {
      services,
      replicas: 1,
      environment: {
        DATABASE_URL: `postgres://postgres@127.0.0.1:${String(proxy.port)}/postgres`,
        POST_DEADLINE: '60s'
      }
    })
    const { ann, chatID } = await startChat(cluster)
    const writer = await ChatClient.open(t, cluster.replica(0), ann.accessToken)
    const read = async () => cluster.post('/chat/messages', { session_token: ann.accessToken, chatID })
    const history = async () => listAt((await read()).body)

    proxy.redirect({ host: '127.0.0.1', port: standby.port })
    proxy.drop()
    const posts = Array.from({ length: REQUESTS }, (_, index) =>
      writer.request({ type: 'post_msg', chatID, text: `during ${String(index)}` })
    )
    let ready: unknown
    await eventually(async () => {
      await Promise.all(Array.from({ length: REQUESTS }, read))
      ready = (await cluster.get('/readyz')).body
      return JSON.stringify(ready).includes('standby')
    }, DEADLINE_MS)
    t.strictSame(ready, {
      status: 'unavailable',
      database: 'down',
      reason: 'the server is a standby, or read-only'
    })

    // Connections to the standby, if there are any, stay open.
    proxy.redirect({ host: '127.0.0.1', port: primary.port })
    t.strictSame(
      (await Promise.all(posts)).map(({ type }) => type),
      posts.map(() => 'ack'),
      'posts are stored once the primary is back'
    )
    t.ok(await eventually(async () => (await cluster.get('/readyz')).status === 200, DEADLINE_MS), 'it is ready again')
    const answers = await Promise.all(Array.from({ length: REQUESTS }, read))
    t.strictSame(new Set(answers.map(({ status }) => status)), new Set([200]))
    t.equal((await history()).length, REQUESTS)
  }
)
