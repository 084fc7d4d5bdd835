import t from '../support/tap.ts'
import { connect, join, type Frame } from '../support/clients/socket.ts'
import { startChat } from '../support/data/accounts.ts'
import { startCluster, type Cluster } from '../support/servers/cluster.ts'
import { withServices } from '../support/servers/deployments.ts'
import { startCollector, type Collector, type SeenSpan } from '../support/servers/collector.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const OTHER = '1af7651916cd43dd8448eb211c80319d'
const SPAN = 'b7ad6b7169203331'
const isAck = (frame: Frame) => frame['type'] === 'ack'
const isMessage = (frame: Frame) => frame['type'] === 'new_message'
const named = (spans: readonly SeenSpan[], name: string) => spans.filter((span) => span.name === name)

t.setTimeout(120_000)
// The library's own setting; by default spans leave every five seconds.
process.env['OTEL_BSP_SCHEDULE_DELAY'] = '100'
t.teardown(() => delete process.env['OTEL_BSP_SCHEDULE_DELAY'])

const environmentOf = (collector: Collector, more: Record<string, string> = {}) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  ...more
})

await withServices(t, 'on two replicas', async (t, services) => {
  const collector = await startCollector(t)
  const cluster = await startCluster(t, { services, replicas: 2, environment: environmentOf(collector) })
  const { ann, bob, chatID } = await startChat(cluster)
  const writer = await connect(t, cluster.replica(0), ann.accessToken)
  const [near, far] = [
    await join(t, cluster.replica(0), bob.accessToken, chatID),
    await join(t, cluster.replica(1), bob.accessToken, chatID)
  ]

  await t.test('a post, its commit, its hint and its deliveries are one trace, which its client began', async (t) => {
    writer.send({ type: 'post_msg', chatID, text: 'traced', ref: 1, traceparent: `00-${TRACE}-${SPAN}-01` })
    await writer.next(isAck)
    await Promise.all([near.next(isMessage), far.next(isMessage)])
    const spans = await collector.trace(TRACE, (found) => found.length >= 5)
    const [post] = named(spans, 'post_msg')
    const [commit] = named(spans, 'commit')
    const [publish] = named(spans, 'publish')
    const deliveries = named(spans, 'deliver')
    t.equal(spans.length, 5)
    t.equal(post?.parentSpanId, SPAN, 'the post is part of what the client does')
    t.strictSame(
      [commit?.parentSpanId, commit?.links],
      [post?.spanId, [post?.spanId]],
      'the commit is part of the post'
    )
    t.equal(publish?.parentSpanId, commit?.spanId, 'the hint is part of the commit')
    t.strictSame(
      deliveries.map(({ parentSpanId }) => parentSpanId),
      [publish?.spanId, publish?.spanId],
      'it leads to both deliveries'
    )
    t.strictSame(
      [
        new Set(deliveries.map(({ instance }) => instance)).size,
        new Set([post, commit, publish].map((span) => span?.instance)).size
      ],
      [2, 1],
      'on both replicas'
    )
    t.strictSame(post?.attributes, { 'chat.id': chatID, 'user.id': post?.attributes['user.id'], 'chat.seq': 1 })
    t.notMatch(JSON.stringify(spans), ann.username, 'no name and no text is in it')
  })

  await t.test('a batch is linked to each of its posts', async (t) => {
    const traces = [TRACE.replace('0', 'a'), TRACE.replace('0', 'b'), TRACE.replace('0', 'c')]
    for (const trace of traces)
      writer.send({ type: 'post_msg', chatID, text: 'in a batch', ref: trace, traceparent: `00-${trace}-${SPAN}-01` })
    for (const trace of traces) await writer.next((frame) => frame['ref'] === trace)
    const posts = await Promise.all(
      traces.map(
        async (trace) =>
          named(await collector.trace(trace, (spans) => named(spans, 'post_msg').length === 1), 'post_msg')[0]?.spanId
      )
    )
    const linked = collector.spans.filter(({ name }) => name === 'commit').flatMap(({ links }) => links)
    t.strictSame(
      posts.filter((span) => !linked.includes(span ?? '')),
      []
    )
  })

  await t.test('what is refused has failed', async (t) => {
    writer.send({ type: 'post_msg', chatID, text: '', ref: 2, traceparent: `00-${OTHER}-${SPAN}-01` })
    await writer.next((frame) => frame['ref'] === 2)
    const [post, ...others] = await collector.trace(OTHER, (spans) => spans.length >= 1)
    t.strictSame([post?.isFailed, others], [true, []])
  })

  await t.test(
    'what is no traceparent begins a trace of its own, and a client that does not sample is not overruled',
    async (t) => {
      const before = collector.spans.length
      const unsampled = TRACE.replace('0', 'd')
      writer.send({ type: 'post_msg', chatID, text: 'x', ref: 3, traceparent: `00-${unsampled}-${SPAN}-00` })
      for (const traceparent of [undefined, 7, 'nonsense'])
        writer.send({ type: 'post_msg', chatID, text: 'x', ref: 4, traceparent })
      for (let count = 0; count < 4; count++) t.equal((await writer.next(isAck))['type'], 'ack')
      await collector.trace(
        TRACE,
        () => collector.spans.slice(before).filter(({ name }) => name === 'post_msg').length >= 3
      )
      t.equal(
        collector.spans.slice(before).filter(({ name, parentSpanId }) => name === 'post_msg' && parentSpanId === '')
          .length,
        3
      )
      t.strictSame(
        collector.spans.filter(({ traceId }) => traceId === unsampled),
        []
      )
    }
  )

  await t.test('a request is a span, and its trace is in the log', async (t) => {
    const trace = TRACE.replace('0', 'e')
    t.equal(
      (await cluster.get('/verify-connection?secret=x', { headers: { traceparent: `00-${trace}-${SPAN}-01` } })).status,
      200
    )
    const [request] = await collector.trace(trace, (spans) => spans.length >= 1)
    t.hasStrict(request, {
      name: 'GET /verify-connection',
      parentSpanId: SPAN,
      attributes: { 'http.request.method': 'GET', 'http.route': '/verify-connection', 'http.response.status_code': 200 }
    })
    t.ok(
      cluster.log.some((line) => line.includes(`"traceId":"${trace}"`) && line.includes('"route":"/verify-connection"'))
    )
    t.strictSame(
      collector.spans.filter(({ name }) => /livez|readyz/.test(name)),
      [],
      'probes are none'
    )
  })
})

/** Posts once, and ends the replica, which sends what is left. */
async function postAndEnd (cluster: Cluster): Promise<void> {
  const { ann, chatID } = await startChat(cluster)
  const writer = await connect(t, cluster.replica(0), ann.accessToken)
  writer.send({ type: 'post_msg', chatID, text: 'x', ref: 1 })
  await writer.next(isAck)
  await cluster.replica(0).close()
}

for (const [title, more, isTraced] of [
  ['everything is recorded by default', {}, true],
  ['nothing is, where the sampler says so', { OTEL_TRACES_SAMPLER: 'always_off' }, false],
  ['nor at a ratio of none', { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }, false]
] as const) {
  await t.test(title, async (t) => {
    const collector = await startCollector(t)
    await postAndEnd(await startCluster(t, { environment: environmentOf(collector, more) }))
    t.equal(named(collector.spans, 'post_msg').length, isTraced ? 1 : 0)
    t.equal(collector.spans.length > 0, isTraced)
  })
}

await t.test('a collector that is away keeps nothing from working, nor from ending', async (t) => {
  await postAndEnd(await startCluster(t, { environment: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' } }))
  t.pass('it did')
})
