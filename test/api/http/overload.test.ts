import { sql } from 'drizzle-orm'
import { setImmediate as turn } from 'node:timers/promises'
import t from '../../support/tap.ts'
import { connect, type Frame } from '../../support/clients/socket.ts'
import { logIn, register, startChat } from '../../support/data/accounts.ts'
import { at } from '../../support/data/json.ts'
import { eventually } from '../../support/deadline.ts'
import { startCluster } from '../../support/servers/cluster.ts'
import { onServices } from '../../support/servers/deployments.ts'
import { growth } from '../../support/clients/metrics.ts'
import { refusedUpgrade } from '../../support/clients/upgrades.ts'

const environment = { METRICS_PORT: '0', METRICS_HOST: '127.0.0.1' }
const POSTS = 20
/** Longer than two samples take, also when the rest of the start is fast. */
const LONG_START_MS = 4_000
const isAck = (frame: Frame) => frame['type'] === 'ack'

t.setTimeout(300_000)

/** Keeps the process busy, with short breaks, until this is over. */
async function keepBusy (isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const end = performance.now() + 400
    while (performance.now() < end);
    await turn()
  }
}

await t.test(
  'a replica whose event loop is late refuses what is new, in the form of each dialect, and serves what it has',
  async (t) => {
    const cluster = await startCluster(t, { environment: { ...environment, OVERLOAD_EVENT_LOOP_DELAY: '150ms' } })
    const replica = cluster.replica(0)
    const ann = await register(cluster)
    const socket = await connect(t, replica, ann.accessToken)
    let isOver = false
    const busy = keepBusy(() => isOver)
    t.ok(
      await eventually(async () => (await cluster.get('/verify-connection')).status === 503, 30_000),
      'requests are refused'
    )
    t.ok(
      (await growth(replica, 'chat_overload_refusals_total', { reason: 'event_loop' }, async () => {
        const chatcli = await cluster.post('/user/login', {})
        t.strictSame(
          [chatcli.status, at(chatcli.body, 'status'), at(chatcli.body, 'code'), chatcli.headers.get('retry-after')],
          [503, 'error', 'over_capacity', '2']
        )
        const emotechat = await cluster.post('/api/auth/login', {})
        t.strictSame(
          [emotechat.status, emotechat.body, emotechat.headers.get('retry-after')],
          [503, { message: 'The server has more to do than it can: try again in a moment.' }, '2']
        )
      })) >= 2
    )
    const refusal = await refusedUpgrade(t, replica)
    t.strictSame(
      [refusal.status, refusal.retryAfter, at(refusal.body, 'code')],
      [503, '2', 'over_capacity'],
      'so are sockets'
    )
    await socket.barrier()
    t.pass('the socket that is there is served')
    t.equal((await cluster.get('/livez')).status, 200, 'operators are answered')
    // A probe of the database may take longer than its limit while the event loop is late.
    t.ok(await eventually(async () => (await cluster.get('/readyz')).status === 200, 30_000), 'and it stays ready')
    isOver = true
    await busy
    t.ok(
      await eventually(async () => (await cluster.get('/verify-connection')).status === 200, 30_000),
      'it recovers by itself'
    )
    await logIn(cluster, ann)
  }
)

await t.test('a start that keeps the event loop busy does not count', async (t) => {
  const end = performance.now() + LONG_START_MS
  const cluster = await startCluster(t, {
    environment: { ...environment, OVERLOAD_EVENT_LOOP_DELAY: '150ms' },
    onReady: () => keepBusy(() => performance.now() > end)
  })
  t.equal((await cluster.get('/verify-connection')).status, 200)
})

for (const [name, environmentOf] of [
  ['OVERLOAD_HEAP_PERCENT', { OVERLOAD_HEAP_PERCENT: '1' }],
  ['OVERLOAD_RSS_MIB', { OVERLOAD_RSS_MIB: '10' }]
] as const) {
  await t.test(`memory beyond ${name} counts as well`, async (t) => {
    const cluster = await startCluster(t, { environment: { ...environment, ...environmentOf } })
    t.ok(await eventually(async () => (await cluster.get('/verify-connection')).status === 503, 30_000))
    t.equal((await cluster.get('/readyz')).status, 200)
  })
}

await onServices(
  t,
  async (t, cluster) => {
    await t.test('while too many posts wait nothing new is let in, and all of them are stored', async (t) => {
      const { ann, chatID } = await startChat(cluster)
      const replica = cluster.replica(0)
      const socket = await connect(t, replica, ann.accessToken)
      const post = (ref: number) => socket.send({ type: 'post_msg', chatID, text: 'x', ref })
      await cluster.orm.transaction(async (tx) => {
        await tx.execute(sql`select 1 from chat_heads where chat_id = ${chatID} for update`)
        post(0)
        await socket.barrier()
        for (let ref = 1; ref <= POSTS + 2; ref++) post(ref)
        await socket.barrier()
        t.equal((await cluster.get('/verify-connection', { replica: 0 })).status, 503)
        t.equal((await refusedUpgrade(t, replica)).status, 503)
        t.equal((await cluster.get('/readyz', { replica: 0 })).status, 200)
        t.equal((await cluster.get('/verify-connection', { replica: 1 })).status, 200, 'the other replica has room')
      })
      for (let ref = 0; ref <= POSTS + 2; ref++) t.hasStrict(await socket.next(isAck), { ref, seq: ref + 1 })
      t.ok(
        await eventually(async () => (await cluster.get('/verify-connection', { replica: 0 })).status === 200),
        'and then all is well'
      )
    })
  },
  { environment: { ...environment, OVERLOAD_POSTS: String(POSTS) }, replicas: 2, inspectable: true }
)
