import { randomBytes } from 'node:crypto'
import t, { type Test } from '../support/tap.ts'
import { connect, join } from '../support/clients/socket.ts'
import { type Account, logIn, startChat } from '../support/data/accounts.ts'
import { startCluster, type Cluster } from '../support/servers/cluster.ts'
import { createDatabase } from '../support/servers/database.ts'
import { withServices } from '../support/servers/deployments.ts'
import { dumpDatabase, restoreDump } from '../support/servers/dump.ts'

const TWO = 2

/** Two people and their chat. */
type Talk = { ann: Account, bob: Account, chatID: number }

t.setTimeout(300_000)

/** Another number of a database in Redis, which pub/sub does not know of. */
const nextTo = (redisUrl: string) => Object.assign(new URL(redisUrl), { pathname: '/1' }).href

/** The last of what is read came over Redis behind all that could have come from elsewhere. */
async function post (t: Test, cluster: Cluster, { ann, chatID }: Talk, text: string): Promise<void> {
  for (const [index, replica] of cluster.replicas.entries()) {
    const writer = await connect(t, replica, ann.accessToken)
    writer.send({ type: 'post_msg', chatID, text: `${text} ${String(index)}` })
    await writer.barrier()
  }
}

const listen = async (t: Test, cluster: Cluster, { bob, chatID }: Talk) =>
  Promise.all(cluster.replicas.map((replica) => join(t, replica, bob.accessToken, chatID)))

/** Posts on each replica of one installation, then of the other: readers get what is theirs, and nothing else. */
async function expectApart (t: Test, sides: readonly { cluster: Cluster, talk: Talk, name: string }[]): Promise<void> {
  const readers = await Promise.all(sides.map(({ cluster, talk }) => listen(t, cluster, talk)))
  for (const { cluster, talk, name } of sides) await post(t, cluster, talk, `a secret of ${name}`)
  for (const [index, { name }] of sides.entries()) {
    for (const reader of readers[index] ?? []) {
      const got = [await reader.next(), await reader.next()].map((frame) => String(frame['message'])).sort()
      t.strictSame(got, [`a secret of ${name} 0`, `a secret of ${name} 1`])
      t.strictSame(await reader.barrier(), [])
    }
  }
}

await withServices(t, 'installations on one Postgres server and one Redis do not meet', async (t, services) => {
  // The same for all, as the default is.
  const REDIS_PREFIX = `confab_test_${randomBytes(6).toString('hex')}:`
  const start = async (t: Test, DATABASE_URL: string, environment = {}) =>
    startCluster(t, { services, replicas: TWO, environment: { DATABASE_URL, REDIS_PREFIX, ...environment } })
  const url = await createDatabase(t, services.databaseUrl)
  const production = { name: 'production', cluster: await start(t, url) }
  const talk = await startChat(production.cluster)

  await t.test('with a database of its own, and another number in Redis', async (t) => {
    const REDIS_URL = nextTo(services.redisUrl)
    const cluster = await start(t, await createDatabase(t, services.databaseUrl), { REDIS_URL })
    const staging = { name: 'staging', cluster, talk: await startChat(cluster) }
    t.equal(staging.talk.chatID, talk.chatID, 'their chats have the same id')
    await expectApart(t, [staging, { ...production, talk }])
  })

  await t.test('with a copy of the database', async (t) => {
    const copyUrl = await createDatabase(t, services.databaseUrl)
    await restoreDump(await dumpDatabase(t, url), copyUrl)
    const copy = { name: 'the copy', cluster: await start(t, copyUrl), talk }
    await expectApart(t, [copy, { ...production, talk }])

    // Both know the session of before the copy: ended in one, it goes on in the other.
    const second = await logIn(production.cluster, talk.bob)
    const [kept, ended, copied] = await Promise.all([
      connect(t, production.cluster.replica(0), talk.bob.accessToken),
      connect(t, production.cluster.replica(0), second.accessToken),
      connect(t, copy.cluster.replica(0), talk.bob.accessToken)
    ])
    const logOut = async (cluster: Cluster, bearer: string) =>
      cluster.call('POST', '/api/auth/logout', { bearer, replica: 1 })
    t.equal((await logOut(copy.cluster, talk.bob.accessToken)).status, 200)
    t.equal(await copied.closed(), 1008)
    t.equal((await logOut(production.cluster, second.accessToken)).status, 200)
    t.equal(await ended.closed(), 1008, 'behind the message of the copy')
    t.strictSame(await kept.barrier(), [])
    t.equal((await production.cluster.get('/api/auth/validate', { bearer: talk.bob.accessToken })).status, 200)
  })
})
