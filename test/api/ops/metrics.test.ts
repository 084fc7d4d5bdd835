import { sql } from 'drizzle-orm'
import t, { type Test } from '../../support/tap.ts'
import { call, uniqueName } from '../../support/clients/http.ts'
import { connect, join, openSocket, type Frame } from '../../support/clients/socket.ts'
import { register, startChat } from '../../support/data/accounts.ts'
import { startCluster, type Cluster } from '../../support/servers/cluster.ts'
import { onEmbedded, onServices, withServices } from '../../support/servers/deployments.ts'
import { follow } from '../../support/clients/chat-stream.ts'
import { isChatChannel, withFaults } from '../../support/servers/faulty-bus.ts'
import { postAll } from '../../support/clients/load.ts'
import { growth, metricBecomes, scrape, type Labels } from '../../support/clients/metrics.ts'
import { connectRaw } from '../../support/clients/raw-client.ts'
import { startRedisServer, withRedisServers } from '../../support/servers/redis-server.ts'

const POOL = 3
const environment = { METRICS_PORT: '0', METRICS_HOST: '127.0.0.1', SWEEP_INTERVAL: '200ms', MAX_UNSENT_BYTES: '65536' }
const isAck = (frame: Frame) => frame['type'] === 'ack'

t.setTimeout(300_000)

/** The names of the checklist for operators, and what a series of each must be labelled with. */
const NAMES: Record<string, readonly string[]> = {
  chat_ws_connections: ['state'],
  chat_ws_connections_opened_total: [],
  chat_ws_connections_closed_total: ['code'],
  chat_ws_auth_failures_total: ['reason'],
  chat_ws_frames_received_total: ['type'],
  chat_ws_frames_sent_total: ['type'],
  chat_ws_send_buffer_bytes: [],
  chat_ws_slow_consumers_total: [],
  chat_post_duration_seconds_bucket: ['le'],
  chat_post_queue: [],
  chat_delivery_latency_seconds_bucket: ['le'],
  chat_events_committed_total: ['type'],
  chat_post_duplicates_total: [],
  chat_hint_gap_total: [],
  chat_hint_duplicate_total: [],
  chat_position_repair_total: ['cause'],
  chat_resume_total: ['result'],
  chat_resume_events_bucket: ['le'],
  chat_subscriptions: [],
  chat_presence_users: ['kind'],
  chat_redis_up: [],
  chat_redis_publish_errors_total: [],
  chat_redis_reconnects_total: [],
  chat_db_pool_in_use: [],
  chat_db_pool_waiting: [],
  chat_jobs_dead: ['kind'],
  chat_jobs_oldest_seconds: ['kind'],
  chat_jobs_waiting: ['kind'],
  chat_push_attempts_total: ['status'],
  chat_webhook_attempts_total: ['status'],
  chat_files_total: ['event'],
  chat_draining: [],
  nodejs_eventloop_lag_seconds: [],
  process_resident_memory_bytes: []
}

await onEmbedded(
  t,
  async (t, cluster) => {
    const replica = cluster.replica(0)

    await t.test('every metric is there from the start, with its help and its labels', async (t) => {
      const first = await scrape(replica)
      for (const [name, labels] of Object.entries(NAMES)) {
        const series = first.series.find((one) => one.name === name)
        t.strictSame(Object.keys(series?.labels ?? { missing: '' }), labels, name)
      }
      for (const { name } of first.series) {
        const base = name.replace(/_(bucket|sum|count)$/, '')
        const family = first.help.has(name) ? name : base
        t.ok(
          (first.help.get(family) ?? '').length > 10 && first.types.has(family),
          `${name} has a help text and a type`
        )
      }
      t.strictSame(
        [...new Set(first.series.map(({ name, labels }) => JSON.stringify([name, labels])))].length,
        first.series.length,
        'no series is there twice'
      )
    })

    await t.test('the port serves nothing else, and the port of the clients serves no metrics', async (t) => {
      const base = replica.metricsUrl?.replace('/metrics', '') ?? ''
      t.strictSame(
        [
          (await fetch(`${base}/`)).status,
          (await fetch(`${base}/livez`)).status,
          (await fetch(`${base}/metrics`, { method: 'POST' })).status
        ],
        [404, 404, 404]
      )
      t.equal((await cluster.get('/metrics')).status, 404)
    })

    await sockets(t, cluster)
    await requests(t, cluster)
    await hostile(t, cluster)
  },
  { environment }
)

async function sockets (t: Test, cluster: Cluster): Promise<void> {
  await t.test('sockets, their frames and their ends are counted', async (t) => {
    const replica = cluster.replica(0)
    const grows = async (name: string, labels: Labels, action: () => Promise<unknown>) =>
      growth(replica, name, labels, action)
    const { ann, bob, chatID } = await startChat(cluster)
    t.equal(await grows('chat_ws_connections', { state: 'pending' }, async () => openSocket(t, replica)), 1)
    t.equal(await grows('chat_ws_connections_opened_total', {}, async () => openSocket(t, replica)), 1)
    const reader = await join(t, replica, bob.accessToken, chatID)
    const writer = await connect(t, replica, ann.accessToken)
    t.equal((await scrape(replica)).value('chat_ws_connections', { state: 'authenticated' }), 2)
    t.equal((await scrape(replica)).value('chat_subscriptions'), 1)

    const before = await scrape(replica)
    for (const ref of [1, 2]) writer.send({ type: 'post_msg', chatID, text: 'x', clientMessageID: 'same', ref })
    await writer.next((frame) => frame['ref'] === 2)
    await reader.next((frame) => frame['type'] === 'new_message')
    const after = await scrape(replica)
    const moved = (name: string, labels: Labels = {}) =>
      (after.value(name, labels) ?? 0) - (before.value(name, labels) ?? 0)
    t.equal(moved('chat_ws_frames_received_total', { type: 'post_msg' }), 2)
    t.equal(moved('chat_ws_frames_sent_total', { type: 'ack' }), 2)
    t.equal(moved('chat_ws_frames_sent_total', { type: 'new_message' }), 1)
    t.equal(moved('chat_events_committed_total', { type: 'message' }), 1)
    t.equal(moved('chat_post_duplicates_total'), 1)
    t.equal(moved('chat_post_duration_seconds_count'), 2)
    t.ok(moved('chat_post_duration_seconds_sum') > 0)
    t.equal(moved('chat_delivery_latency_seconds_count'), 1)

    t.equal(await grows('chat_ws_connections_closed_total', { code: '1005' }, async () => reader.close()), 1)
    t.equal(
      await grows('chat_ws_auth_failures_total', { reason: 'refused' }, async () => {
        const stranger = await openSocket(t, replica)
        stranger.send({ type: 'auth', token: 'none' })
        t.equal(await stranger.closed(), 1008)
      }),
      1
    )
    t.equal((await scrape(replica)).value('chat_ws_connections_closed_total', { code: '1008' }), 1)

    for (const [after, result] of [
      [0, 'ok'],
      [99, 'position_unknown']
    ] as const) {
      t.equal(
        await grows('chat_resume_total', { result }, async () => {
          writer.send({ type: 'join_chat', chatID, after, ref: `after ${String(after)}` })
          await writer.next((frame) => frame['ref'] === `after ${String(after)}`)
        }),
        1,
        result
      )
    }
    t.equal((await scrape(replica)).value('chat_resume_events_sum'), 1, 'one message was replayed')
  })
}

async function requests (t: Test, cluster: Cluster): Promise<void> {
  await t.test('requests are timed by route, whatever their URL is', async (t) => {
    const replica = cluster.replica(0)
    const labels = { method: 'POST', route: '/user/login', status: '4xx' }
    t.equal(
      await growth(replica, 'http_request_duration_seconds_count', labels, async () =>
        cluster.post('/user/login?x=1', { username: 'nobody', password: 'x' })
      ),
      1
    )
    for (let index = 0; index < 20; index++)
      await call(`${replica.url}/${uniqueName('no-such-')}`, index % 2 === 0 ? 'GET' : 'PROPFIND')
    const after = await scrape(replica)
    t.strictSame(
      after.valuesOf('http_request_duration_seconds_count', 'route').filter((route) => route.includes('no-such')),
      []
    )
    t.ok(
      (after.value('http_request_duration_seconds_count', { route: 'none', method: 'GET', status: '4xx' }) ?? 0) >= 10
    )
    t.strictSame(
      after
        .valuesOf('http_request_duration_seconds_count', 'method')
        .filter((method) => !['GET', 'POST', 'HEAD', 'OPTIONS', 'other'].includes(method)),
      []
    )
  })
}

async function hostile (t: Test, cluster: Cluster): Promise<void> {
  await t.test('what clients send makes no series', async (t) => {
    const replica = cluster.replica(0)
    const ann = await register(cluster)
    const socket = await connect(t, replica, ann.accessToken)
    const before = await scrape(replica)
    for (let index = 0; index < 200; index++) socket.send({ type: uniqueName('made-up-') })
    for (let index = 0; index < 20; index++) socket.sendRaw(`{"type":${String(index)}}`)
    await socket.barrier()
    for (const code of [3_000, 3_001, 4_000, 4_999]) {
      const raw = await connectRaw(t, replica, ann.accessToken)
      raw.close(code)
      await raw.closed
    }
    t.equal(
      await metricBecomes(replica, 'chat_ws_connections_closed_total', { code: 'other' }, (value) => value >= 4),
      4
    )
    const after = await scrape(replica)
    t.equal(
      (after.value('chat_ws_frames_received_total', { type: 'unknown' }) ?? 0) -
      (before.value('chat_ws_frames_received_total', { type: 'unknown' }) ?? 0),
      201
    )
    t.equal(
      (after.value('chat_ws_frames_received_total', { type: 'invalid' }) ?? 0) -
      (before.value('chat_ws_frames_received_total', { type: 'invalid' }) ?? 0),
      20
    )
    const names = (text: typeof after) => new Set(text.series.map(({ name, labels }) => JSON.stringify([name, labels])))
    const known = names(before)
    t.strictSame(
      [...names(after)].filter((name) => !known.has(name) && !name.includes('"http_request_duration')),
      []
    )
    t.notMatch(after.text, 'made-up')
  })
}

await onServices(
  t,
  async (t, cluster) => {
    await t.test('queries are counted and timed by what they are', async (t) => {
      const { ann, chatID } = await startChat(cluster)
      const replica = cluster.replica(0)
      const writer = await connect(t, replica, ann.accessToken)
      t.equal(
        await growth(replica, 'chat_db_query_duration_seconds_count', { op: 'post' }, async () => {
          writer.send({ type: 'post_msg', chatID, text: 'x', ref: 1 })
          await writer.next(isAck)
        }),
        1
      )
      t.ok(((await scrape(replica)).value('chat_db_query_duration_seconds_count', { op: 'select' }) ?? 0) > 0)
    })

    await t.test('a pool with too little room shows, and does not hold up the other metrics', async (t) => {
      const replica = cluster.replica(0)
      const { ann } = await startChat(cluster)
      let logins: Promise<number>[] = []
      await cluster.orm.transaction(async (tx) => {
        await tx.execute(sql`lock table users in access exclusive mode`)
        logins = Array.from(
          { length: POOL + 2 },
          async () =>
            (await cluster.post('/user/login', { username: ann.username, password: ann.password }, { replica: 0 }))
              .status
        )
        t.ok(((await metricBecomes(replica, 'chat_db_pool_waiting', {}, (value) => value >= 2)) ?? 0) >= 2)
        const meanwhile = await scrape(replica)
        t.equal(meanwhile.value('chat_db_pool_in_use'), POOL)
        t.equal(meanwhile.value('chat_jobs_oldest_seconds'), undefined, 'what cannot be read is left out')
      })
      t.strictSame(new Set(await Promise.all(logins)), new Set([200]))
      t.equal(await metricBecomes(replica, 'chat_db_pool_waiting', {}, (value) => value === 0), 0)
    })

    await t.test('a slow reader shows', async (t) => {
      const { ann, bob, chatID } = await startChat(cluster)
      const replica = cluster.replica(0)
      const slow = await connectRaw(t, replica, ann.accessToken)
      slow.send({ type: 'join_chat', chatID, ref: 'joined' })
      await slow.until(() => slow.frames.some(({ ref }) => ref === 'joined'), 'the join')
      slow.stopReading()
      const { client } = await follow(t, cluster.replica(1), bob.accessToken, chatID)
      let [isSlow, most] = [false, 0]
      for (let round = 0; round < 100 && !isSlow; round++) {
        await postAll(
          client,
          chatID,
          Array.from({ length: 60 }, () => ({ text: 'é'.repeat(4_000) })),
          { window: 16 }
        )
        const now = await scrape(replica)
        most = Math.max(most, now.value('chat_ws_send_buffer_bytes') ?? 0)
        isSlow = (now.value('chat_ws_slow_consumers_total') ?? 0) === 1
      }
      t.ok(isSlow, 'it is counted')
      t.ok(most > 0, 'what waits for it is measured')
      slow.startReading()
      t.equal(await slow.closed, 1013)
      slow.close(1_013)
      t.equal(
        await metricBecomes(replica, 'chat_ws_connections_closed_total', { code: '1013' }, (value) => value > 0),
        1
      )
    })
  },
  { environment: { ...environment, DATABASE_POOL: String(POOL) }, replicas: 2, inspectable: true }
)

await withServices(t, 'hints that are lost and doubled', async (t, services) => {
  // What becomes of the next hints of replica 0.
  const fates: (readonly number[])[] = []
  const cluster = await startCluster(t, {
    services,
    replicas: 2,
    environment: { ...environment, SWEEP_INTERVAL: '1s' },
    wrapBus: (bus, replica) =>
      replica === 0 ? withFaults(bus, (channel) => (isChatChannel(channel) ? fates.shift() : undefined)) : bus
  })
  const { ann, bob, chatID } = await startChat(cluster)
  // The writer follows the chat as well, so that its replica hears itself.
  const writer = await join(t, cluster.replica(0), ann.accessToken, chatID)
  const reader = await join(t, cluster.replica(1), bob.accessToken, chatID)
  const receiver = cluster.replica(1)
  const post = async () => {
    writer.send({ type: 'post_msg', chatID, text: 'x', ref: uniqueName('ref-') })
    await writer.next(isAck)
  }
  const posted = async () => {
    await post()
    await reader.next((frame) => frame['type'] === 'new_message')
  }
  for (let count = 0; count < 5; count++) await posted()
  const quiet = await scrape(receiver)
  t.strictSame(
    ['chat_hint_gap_total', 'chat_hint_duplicate_total', 'chat_position_repair_total'].map((name) => quiet.value(name)),
    [0, 0, 0],
    'nothing of it happens by itself'
  )
  t.equal(
    (await scrape(cluster.replica(0))).value('chat_hint_duplicate_total'),
    0,
    'a replica that hears itself has no duplicate'
  )

  await t.test('a doubled hint is a duplicate', async (t) => {
    fates.push([0, 0])
    t.equal(await growth(receiver, 'chat_hint_duplicate_total', {}, posted), 1)
  })
  await t.test('a lost hint before another is a gap, and a repair', async (t) => {
    fates.push([])
    const before = await scrape(receiver)
    await post()
    await post()
    for (let index = 0; index < 2; index++) await reader.next((frame) => frame['type'] === 'new_message')
    const after = await scrape(receiver)
    t.equal((after.value('chat_hint_gap_total') ?? 0) - (before.value('chat_hint_gap_total') ?? 0), 1)
    t.equal(
      (after.value('chat_position_repair_total', { cause: 'gap' }) ?? 0) -
      (before.value('chat_position_repair_total', { cause: 'gap' }) ?? 0),
      1
    )
    t.ok(
      (after.value('chat_delivery_latency_seconds_sum') ?? 0) -
      (before.value('chat_delivery_latency_seconds_sum') ?? 0) >=
      0.03,
      'and its delivery was late'
    )
  })
  await t.test('the last hint lost is found by the sweep', async (t) => {
    fates.push([])
    t.equal(await growth(receiver, 'chat_position_repair_total', { cause: 'sweep' }, posted), 1)
  })
})

await withServices(t, 'a Redis that goes', async (t, services) => {
  await withRedisServers(t, 'and comes back', async (t) => {
    const redis = await startRedisServer(t)
    const cluster = await startCluster(t, { services: { ...services, redisUrl: redis.url }, replicas: 1, environment })
    const replica = cluster.replica(0)
    const { ann, chatID } = await startChat(cluster)
    const writer = await connect(t, replica, ann.accessToken)
    t.equal((await scrape(replica)).value('chat_redis_up'), 1)
    await redis.stop()
    t.equal(await metricBecomes(replica, 'chat_redis_up', {}, (value) => value === 0), 0)
    t.equal(
      await growth(replica, 'chat_redis_publish_errors_total', {}, async () => {
        writer.send({ type: 'post_msg', chatID, text: 'x', ref: 1 })
        await writer.next(isAck)
      }),
      1
    )
    t.equal(await growth(replica, 'chat_redis_reconnects_total', {}, async () => redis.start()), 1)
    t.equal(await metricBecomes(replica, 'chat_redis_up', {}, (value) => value === 1), 1)
  })
})

await t.test('refusals for a rate are counted by its name', async (t) => {
  const cluster = await startCluster(t, {
    environment: {
      ...environment,
      RATE_LIMITS: 'on',
      FRAME_BURST: '5',
      FRAMES_PER_SECOND: '1',
      LOGIN_FAILURES_PER_ADDRESS: '1'
    }
  })
  const replica = cluster.replica(0)
  const ann = await register(cluster)
  const socket = await connect(t, replica, ann.accessToken)
  t.ok(
    (await growth(replica, 'chat_rate_limited_total', { scope: 'frames' }, async () => {
      for (let index = 0; index < 8; index++) socket.send({ type: 'leave_chat', chatID: 1, ref: index })
    })) > 0
  )
  const wrong = { username: ann.username, password: 'Wrong-Pass-1' }
  t.equal(
    await growth(replica, 'chat_rate_limited_total', { scope: 'login-failures-address' }, async () => {
      for (const status of [400, 429]) t.equal((await cluster.post('/user/login', wrong)).status, status)
    }),
    1
  )
  let last = 0
  t.equal(
    await growth(replica, 'chat_rate_limited_total', { scope: 'refresh' }, async () => {
      while (last !== 429) last = (await cluster.post('/user/refresh-token', { refresh_token: 'none' })).status
    }),
    1
  )
  t.notOk(
    (await scrape(replica)).valuesOf('chat_rate_limited_total', 'scope').includes('familiar'),
    'what only marks something refuses nothing'
  )
})

await t.test('a mail that cannot be sent grows old', async (t) => {
  const cluster = await startCluster(t, {
    environment: { ...environment, MAIL_TRANSPORT: 'smtp', SMTP_URL: 'smtp://127.0.0.1:1' }
  })
  const mails = { kind: 'mail' }
  t.equal((await scrape(cluster.replica(0))).value('chat_jobs_oldest_seconds', mails), 0)
  t.equal(
    (
      await cluster.post('/user/register', {
        username: 'waiting',
        email: 'waiting@example.org',
        password: 'Correct-Horse-1'
      })
    ).status,
    200
  )
  const ageS = await metricBecomes(cluster.replica(0), 'chat_jobs_oldest_seconds', mails, (value) => value > 0.2)
  t.ok((ageS ?? 0) > 0.2)
  const readings = await scrape(cluster.replica(0))
  t.equal(readings.value('chat_jobs_waiting', mails), 1)
  t.equal(readings.value('chat_jobs_dead', mails), 0)
})

await t.test('without a port there are no metrics', async (t) => {
  t.equal((await startCluster(t)).replica(0).metricsUrl, undefined)
})
