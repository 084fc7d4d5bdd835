import t from '../support/tap.ts'
import { collectUnhandled } from '../support/checks/unhandled.ts'
import { createChat, register } from '../support/data/accounts.ts'
import { eventually } from '../support/deadline.ts'
import { startCluster } from '../support/servers/cluster.ts'
import { withServices } from '../support/servers/deployments.ts'
import { follow, progress } from '../support/clients/chat-stream.ts'
import { complaintAboutOrder, EndlessLoad, postAll, writerName } from '../support/clients/load.ts'
import { startRedisServer, withRedisServers } from '../support/servers/redis-server.ts'

const OUTAGES = 2
const WINDOW = 2
/** Messages that must get through in each state before the next. */
const MESSAGES_PER_PHASE = 150

t.setTimeout(300_000)
const rejections = collectUnhandled(t, 'unhandledRejection')

await withServices(t, 'with Postgres, and a Redis that comes and goes', async (t, services) => {
  await withRedisServers(t, 'under load', async (t) => {
    const redis = await startRedisServer(t)
    const cluster = await startCluster(t, {
      services: { ...services, redisUrl: redis.url },
      environment: { SWEEP_INTERVAL: '200ms' }
    })
    const [ann, bob, cat] = await Promise.all([register(cluster), register(cluster), register(cluster)])
    const chatID = await createChat(cluster, ann, bob)
    const followers = await Promise.all(
      cluster.replicas.flatMap((replica) =>
        [ann, bob].map((account) => follow(t, replica, account.accessToken, chatID))
      )
    )
    const isUpEverywhere = async (isUp: boolean) =>
      eventually(async () => {
        const answers = await Promise.all(cluster.replicas.map((_, replica) => cluster.get('/readyz', { replica })))
        return answers.every(({ status, text }) => status === 200 && text.includes('degraded') !== isUp)
      }, 30_000)

    const load = new EndlessLoad(
      followers.map(({ client }) => client),
      chatID,
      WINDOW
    )

    await progress(followers, MESSAGES_PER_PHASE)
    for (let outage = 1; outage <= OUTAGES; outage++) {
      await t.test(`outage ${String(outage)}`, async (t) => {
        await redis.stop()
        t.ok(await isUpEverywhere(false), 'every replica says that it is degraded, and stays ready')
        await progress(followers, MESSAGES_PER_PHASE)
        t.pass('while Redis is down, messages get to every socket on every replica')

        const late = await Promise.all(cluster.replicas.map((replica) => follow(t, replica, bob.accessToken, chatID)))
        const other = await createChat(cluster, cat, outage === 1 ? ann : bob)
        const elsewhere = await Promise.all(
          cluster.replicas.map((replica) => follow(t, replica, cat.accessToken, other, 0))
        )
        await progress(late, MESSAGES_PER_PHASE)
        const first = elsewhere[0]
        t.equal(first && (await postAll(first.client, other, [{ text: 'a new chat' }], { window: 1 })).acked.length, 1)
        for (const { stream } of elsewhere) await stream.reached(1)
        t.pass('joins work, in chats old and new')

        await redis.start()
        t.ok(await isUpEverywhere(true), 'every replica finds Redis again')
        await progress([...followers, ...late], MESSAGES_PER_PHASE)
        t.pass('after it, messages get to every socket on every replica')
        for (const { client, stream } of [...late, ...elsewhere]) {
          t.strictSame(stream.complaints, [])
          client.drop()
        }
      })
    }

    await t.test('a Redis that hangs', async (t) => {
      redis.freeze()
      await progress(followers, MESSAGES_PER_PHASE)
      const late = await Promise.all(cluster.replicas.map((replica) => follow(t, replica, bob.accessToken, chatID)))
      await progress([...followers, ...late], MESSAGES_PER_PHASE)
      t.pass('while Redis hangs, messages get to every socket on every replica, old and new')
      redis.thaw()
      await progress([...followers, ...late], MESSAGES_PER_PHASE)
      for (const { stream } of late)
        t.strictSame(stream.complaints, [], 'what Redis kept to itself until then is not delivered again')
    })

    const results = await load.stop()
    t.strictSame(
      results.flatMap(({ refused }) => refused),
      [],
      'every post is acknowledged, before, during and after'
    )
    const counts = new Map(load.sent.map((count, writer) => [writerName(writer), count]))
    const head = load.sent.reduce((sum, count) => sum + count, 0)
    for (const { stream } of followers) {
      await stream.reached(head)
      t.strictSame([stream.complaints, stream.messages.length], [[], head], 'every seq comes once, one after the other')
      t.equal(
        complaintAboutOrder(
          stream.messages.map(({ text }) => text),
          counts
        ),
        undefined,
        'every writer\'s posts are in the order they were sent'
      )
    }
    t.strictSame(rejections, [], 'no promise is left to reject unheard')
    t.strictSame(
      cluster.log.filter((line) => /"level":(50|60)/.test(line)),
      [],
      'no error is in the log'
    )
  })
})
