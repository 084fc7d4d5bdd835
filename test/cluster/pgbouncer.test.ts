import { chmod } from 'node:fs/promises'
import t from '../support/tap.ts'
import { Pooler } from '../support/servers/pooler.ts'
import { isInstalled } from '../support/servers/bound-program.ts'
import { ChatClient } from '../support/clients/chat-client.ts'
import { startChat } from '../support/data/accounts.ts'
import { listAt } from '../support/data/json.ts'
import { startCluster } from '../support/servers/cluster.ts'
import { createDatabase } from '../support/servers/database.ts'
import { isServiceRequired, withServices } from '../support/servers/deployments.ts'
import { runConfab, temporaryFolder } from '../support/servers/program.ts'

const POSTS = 40

t.setTimeout(120_000)

await withServices(t, 'behind pgbouncer in transaction mode, as the manual says', async (t, services) => {
  if (!isInstalled('pgbouncer')) {
    const reason = 'there is no pgbouncer on the PATH'
    if (isServiceRequired()) t.fail(reason)
    else t.comment(`SKIPPED pgbouncer: ${reason}.`)
    return
  }
  const folder = await temporaryFolder(t)
  await chmod(folder, 0o755)
  const direct = new URL(await createDatabase(t, services.databaseUrl))
  const pooler = await Pooler.start(t, folder, { port: Number(direct.port === '' ? '5432' : direct.port) })
  const url = new URL(pooler.url)
  url.pathname = direct.pathname

  const migration = await runConfab(['migrate'], { DATABASE_URL: url.href, DATABASE_PREPARE: 'off' })
  t.equal(migration.code, 0, 'migrations run through it')
  t.match(migration.stderr, /its pooler does not pass on .* set statement_timeout = '5000ms'/, 'with advice')
  const cluster = await startCluster(t, {
    services,
    replicas: 2,
    environment: { DATABASE_URL: url.href, DATABASE_PREPARE: 'off', DATABASE_TIMEOUT: '2s' }
  })
  const { ann, chatID } = await startChat(cluster)
  const writers = await Promise.all(cluster.replicas.map((replica) => ChatClient.open(t, replica, ann.accessToken)))
  const acks = await Promise.all(
    writers.flatMap((writer) =>
      Array.from({ length: POSTS / writers.length }, (_, index) =>
        writer.request({ type: 'post_msg', chatID, text: String(index) })
      )
    )
  )
  t.strictSame(acks.map(({ type }) => type), acks.map(() => 'ack'))
  const history = await cluster.post('/chat/messages', { session_token: ann.accessToken, chatID })
  t.equal(listAt(history.body).length, POSTS)
  t.equal((await cluster.get('/readyz')).status, 200)
})
