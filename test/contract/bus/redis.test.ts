import { Redis } from 'ioredis'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setImmediate } from 'node:timers/promises'
import t, { type Test } from '../../support/tap.ts'
import { BusDownError } from '../../../src/bus/bus.ts'
import { Ear, testBus } from './suite.ts'
import { eventually, within } from '../../support/deadline.ts'
import { withServices } from '../../support/servers/deployments.ts'
import { ROOT } from '../../support/servers/process.ts'
import { addressOf, createRedisServer, startRedisServer, withRedisServers } from '../../support/servers/redis-server.ts'
import { startTcpProxy } from '../../support/servers/tcp-proxy.ts'
import { newPrefix, openWatchedBus as open } from '../../support/servers/watched-bus.ts'

const DEADLINE_MS = 30_000
const MANY = 2_000

/** Opens a bus, says when it goes down, and closes it when it is told to: then nothing must keep the process alive. */
const BUS_PROGRAM = `
import { openRedisBus } from './dist/bus/redis.js'
const options = JSON.parse(process.argv[1])
const bus = await openRedisBus({ ...options, isEcho: () => false, log: { warn: () => undefined } })
bus.onChange((isUp) => isUp || console.log('down'))
await bus.subscribe('chat:1', () => undefined)
console.log('open')
process.stdin.once('data', async () => {
  process.stdin.destroy()
  await bus.close()
  console.log(bus.isUp ? 'up' : 'down')
})
`

t.setTimeout(300_000)

/** A connection that sees what the server sees. */
async function inspect (t: Test, url: string): Promise<Redis> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: null })
  redis.on('error', () => undefined)
  t.teardown(() => redis.disconnect())
  await redis.connect()
  return redis
}

async function subscribersOf (redis: Redis, channel: string): Promise<number> {
  const [, count] = await redis.pubsub('NUMSUB', channel)
  return Number(count)
}

await withServices(t, 'Redis keeps the contract', async (t, { redisUrl }) => {
  await testBus(t, async (t, replicas) => {
    const prefix = newPrefix()
    const first = await open(t, redisUrl, prefix)
    const others = await Promise.all(Array.from({ length: replicas - 1 }, () => open(t, redisUrl, prefix)))
    return [first.bus, ...others.map(({ bus }) => bus)]
  })
})

await withServices(
  t,
  'a channel is subscribed with its first handler and left with its last',
  async (t, { redisUrl }) => {
    const prefix = newPrefix()
    const redis = await inspect(t, redisUrl)
    const [{ bus }, { bus: other }] = [await open(t, redisUrl, prefix), await open(t, redisUrl, prefix)]
    const [first, second, third] = [new Ear(), new Ear(), new Ear()]
    const count = () => subscribersOf(redis, `${prefix}chat:1`)
    t.equal(await count(), 0)
    await bus.subscribe('chat:1', first.handler)
    await bus.subscribe('chat:1', second.handler)
    t.equal(await count(), 1, 'two handlers share one subscription')
    await other.subscribe('chat:1', third.handler)
    t.equal(await count(), 2)
    bus.unsubscribe('chat:1', first.handler)
    bus.unsubscribe('chat:1', first.handler)
    // A subscription is made in order behind what was asked before.
    await bus.subscribe('chat:2', first.handler)
    t.equal(await count(), 2, 'one of two handlers does not end it')
    bus.unsubscribe('chat:1', second.handler)
    t.ok(await eventually(async () => (await count()) === 1), 'the last one does')
    other.unsubscribe('chat:1', third.handler)
    t.ok(await eventually(async () => (await count()) === 0))
    t.strictSame((await redis.pubsub('CHANNELS', `${prefix}*`)).map(String), [`${prefix}chat:2`])
  }
)

await withServices(
  t,
  'no caller is told of a subscription before the server has acknowledged it',
  async (t, { redisUrl }) => {
    const { hostname, port } = new URL(redisUrl)
    const proxy = await startTcpProxy(t, { host: hostname, port: Number(port === '' ? '6379' : port) })
    const url = new URL(redisUrl)
    url.host = `127.0.0.1:${String(proxy.port)}`
    const prefix = newPrefix()
    const redis = await inspect(t, redisUrl)
    const { bus } = await open(t, url.href, prefix)
    const settled: string[] = []
    proxy.hold()
    const callers = ['first', 'second'].map(async (name) => {
      await bus.subscribe('chat:1', new Ear().handler)
      settled.push(name)
    })
    t.ok(
      await eventually(async () => (await subscribersOf(redis, `${prefix}chat:1`)) === 1),
      'the server has it, its answer is on the way'
    )
    t.strictSame(settled, [])
    proxy.release()
    await within(Promise.all(callers), DEADLINE_MS, 'both callers')
    t.strictSame(settled.sort(), ['first', 'second'])
  }
)

await withRedisServers(t, 'channels of one turn are subscribed together, without those that were left', async (t) => {
  const server = await startRedisServer(t)
  const prefix = newPrefix()
  const redis = await inspect(t, server.url)
  const { bus } = await open(t, server.url, prefix)
  const ear = new Ear()
  const names = Array.from({ length: 50 }, (_, index) => `chat:${String(index)}`)
  const subscribed = names.map((name) => bus.subscribe(name, ear.handler))
  bus.unsubscribe('chat:0', ear.handler)
  bus.unsubscribe('chat:1', ear.handler)
  subscribed.push(bus.subscribe('chat:1', ear.handler))
  await within(Promise.all(subscribed), DEADLINE_MS, 'the subscriptions')
  t.match(await redis.info('commandstats'), /cmdstat_subscribe:calls=1,/)
  t.equal(await subscribersOf(redis, `${prefix}chat:0`), 0)
  for (const name of names.slice(1)) t.equal(await subscribersOf(redis, `${prefix}${name}`), 1, name)
})

await withServices(t, 'what was published just before the end still leaves', async (t, { redisUrl }) => {
  const prefix = newPrefix()
  const [{ bus }, { bus: other }] = [await open(t, redisUrl, prefix), await open(t, redisUrl, prefix)]
  const ear = new Ear()
  await other.subscribe('chat:1', ear.handler)
  const words = Array.from({ length: 200 }, (_, index) => String(index))
  for (const word of words) bus.publish('chat:1', Buffer.from(word))
  await bus.close()
  await ear.hears('199')
  t.strictSame(ear.words, words)
})

await withRedisServers(
  t,
  'while the server is stopped nothing throws, and afterwards everything is as before',
  async (t) => {
    const server = await startRedisServer(t)
    const prefix = newPrefix()
    const [one, two] = [await open(t, server.url, prefix), await open(t, server.url, prefix)]
    const [before, during] = [new Ear(), new Ear()]
    await two.bus.subscribe('chat:1', before.handler)

    await server.stop()
    await Promise.all([one.comes(false), two.comes(false)])
    t.equal(two.bus.isUp, false)
    one.bus.publish('chat:1', Buffer.from('lost'))
    await t.rejects(two.bus.subscribe('chat:2', during.handler), BusDownError)
    await t.rejects(two.bus.subscribe('chat:2', during.handler), BusDownError, 'for every caller')
    const leaver = new Ear()
    await t.rejects(two.bus.subscribe('chat:3', leaver.handler), BusDownError)
    two.bus.unsubscribe('chat:3', leaver.handler)
    await Promise.all([one.warns(1), two.warns(1)])

    await server.start()
    await Promise.all([one.comes(true), two.comes(true)])
    for (const channel of ['chat:1', 'chat:2', 'chat:3']) one.bus.publish(channel, Buffer.from(`back on ${channel}`))
    await Promise.all([before.hears('back on chat:1'), during.hears('back on chat:2')])
    t.strictSame([before.words, during.words, leaver.words], [['back on chat:1'], ['back on chat:2'], []])
    await two.bus.subscribe('chat:2', leaver.handler)
    t.strictSame(
      [one.changes, two.changes],
      [
        [false, true],
        [false, true]
      ],
      'each change is told once'
    )
    t.strictSame([one.warnings.length, two.warnings.length], [1, 1], 'an outage is logged once')
  }
)

await withRedisServers(t, 'a second outage is told and mended like the first', async (t) => {
  const server = await startRedisServer(t)
  const { bus, changes, warnings, comes, warns } = await open(t, server.url)
  const ear = new Ear()
  await bus.subscribe('chat:1', ear.handler)
  for (const round of ['first', 'second']) {
    await server.stop()
    await comes(false)
    await warns(warnings.length + 1)
    await server.start()
    await comes(true)
    bus.publish('chat:1', Buffer.from(round))
    await ear.hears(round)
  }
  t.strictSame(changes, [false, true, false, true])
  t.equal(warnings.length, 2)
  t.strictSame(ear.words, ['first', 'second'])
})

await withRedisServers(t, 'thousands of subscriptions are all renewed before the bus calls itself up', async (t) => {
  const server = await startRedisServer(t)
  const prefix = newPrefix()
  const [one, two] = [await open(t, server.url, prefix), await open(t, server.url, prefix)]
  const ears = Array.from({ length: MANY }, () => new Ear())
  await within(
    Promise.all(ears.map((ear, chat) => two.bus.subscribe(`chat:${String(chat)}`, ear.handler))),
    DEADLINE_MS,
    'the subscriptions'
  )
  await server.stop()
  await Promise.all([one.comes(false), two.comes(false)])
  await server.start()
  await Promise.all([one.comes(true), two.comes(true)])
  const redis = await inspect(t, server.url)
  t.equal((await redis.pubsub('CHANNELS', `${prefix}*`)).length, MANY)
  for (const chat of ears.keys()) one.bus.publish(`chat:${String(chat)}`, Buffer.from(`back on ${String(chat)}`))
  await Promise.all(ears.map((ear, chat) => ear.hears(`back on ${String(chat)}`)))
  t.ok(
    ears.every((ear) => ear.heard.length === 1),
    'each hears once'
  )
})

await withRedisServers(t, 'connections that the server drops come back with their subscriptions', async (t) => {
  const server = await startRedisServer(t)
  const { bus, changes, comes } = await open(t, server.url)
  const redis = await inspect(t, server.url)
  const ear = new Ear()
  await bus.subscribe('chat:1', ear.handler)
  for (const type of ['pubsub', 'normal'] as const) {
    await Promise.all([comes(false), redis.client('KILL', 'TYPE', type, 'SKIPME', 'yes')])
    await comes(true)
    bus.publish('chat:1', Buffer.from(type))
    await ear.hears(type)
  }
  t.strictSame(ear.words, ['pubsub', 'normal'])
  t.strictSame(changes, [false, true, false, true])
})

await withRedisServers(t, 'a server that is away at the start is waited for in the background', async (t) => {
  const server = await createRedisServer(t)
  const { bus, changes, comes } = await open(t, server.url)
  t.equal(bus.isUp, false)
  const ear = new Ear()
  bus.publish('chat:1', Buffer.from('lost'))
  await t.rejects(bus.subscribe('chat:1', ear.handler), BusDownError)
  await server.start()
  await comes(true)
  bus.publish('chat:1', Buffer.from('a'))
  await ear.hears('a')
  t.strictSame(ear.words, ['a'])
  t.strictSame(changes, [true])
})

await withRedisServers(t, 'a server that takes connections and says nothing does not hold up the start', async (t) => {
  const server = await startRedisServer(t)
  server.freeze()
  const { bus, comes } = await open(t, server.url)
  t.equal(bus.isUp, false)
  server.thaw()
  await comes(true)
})

await withRedisServers(t, 'a subscription that was not acknowledged in time is made good', async (t) => {
  const server = await startRedisServer(t)
  const { bus } = await open(t, server.url)
  const [first, second] = [new Ear(), new Ear()]
  server.freeze()
  await t.rejects(bus.subscribe('chat:1', first.handler), BusDownError)
  server.thaw()
  t.ok(
    await eventually(
      async () =>
        bus.subscribe('chat:1', second.handler).then(
          () => true,
          () => setImmediate().then(() => false)
        ),
      DEADLINE_MS
    ),
    'later callers get theirs'
  )
  bus.publish('chat:1', Buffer.from('a'))
  await Promise.all([first.hears('a'), second.hears('a')])
})

await withRedisServers(
  t,
  'a closed bus leaves no connection and no timer, whether its server is there or not',
  async (t) => {
    const server = await startRedisServer(t)
    const redis = await inspect(t, server.url)
    const before = await connectionsOf(redis)
    const first = await startBusProgram(t, server.url)
    t.ok((await connectionsOf(redis)) >= before + 2, 'an open bus has connections')
    t.match(await first.close(), { code: 0 }, 'with its server there')
    t.ok(await eventually(async () => (await connectionsOf(redis)) === before), 'none of them is left')

    const orphan = await startBusProgram(t, server.url)
    await server.stop()
    t.equal(await within(orphan.next(), DEADLINE_MS, 'the bus to come down'), 'down')
    t.strictSame(await orphan.close(), { code: 0, isUp: false }, 'with its server gone')
  }
)

await withRedisServers(t, 'no credential is in the description or the log', async (t) => {
  const server = await startRedisServer(t, ['--requirepass', 'hidden-password'])
  const url = server.url.replace('//', '//default:hidden-password@')
  const { bus, warnings, comes, warns } = await open(t, url)
  t.equal(bus.isUp, true, 'the password is used')
  t.equal(bus.description, `Redis 127.0.0.1:${String(server.port)}`)
  await server.stop()
  await comes(false)
  await warns(1)
  t.notMatch(warnings.join(), /hidden/)
})

/** Runs a bus in a process of its own. */
async function startBusProgram (t: Test, url: string) {
  const options = JSON.stringify({ address: addressOf(url), prefix: newPrefix() })
  const program = spawn(process.execPath, ['--input-type=module', '-e', BUS_PROGRAM, options], {
    cwd: ROOT,
    stdio: ['pipe', 'pipe', 'inherit']
  })
  t.teardown(() => program.kill('SIGKILL'))
  const lines = createInterface(program.stdout)[Symbol.asyncIterator]()
  const next = async (): Promise<unknown> => (await lines.next()).value
  if ((await within(next(), DEADLINE_MS, 'the bus to open')) !== 'open') throw new Error('The bus does not open.')
  return {
    next,
    close: async () => {
      const exited = once(program, 'exit')
      program.stdin.end('close')
      const isUp = (await within(next(), DEADLINE_MS, 'the bus to close')) === 'up'
      await within(exited, DEADLINE_MS, 'the process to end by itself')
      return { code: program.exitCode, isUp }
    }
  }
}

/** How many clients a server has. */
async function connectionsOf (redis: Redis): Promise<number> {
  return String(await redis.client('LIST')).trim().split('\n').length
}

await withServices(
  t,
  'a server that falls silent with its connections open takes the bus down',
  async (t, { redisUrl }) => {
    const { hostname, port } = new URL(redisUrl)
    const proxy = await startTcpProxy(t, { host: hostname, port: Number(port === '' ? '6379' : port) })
    const url = new URL(redisUrl)
    url.host = `127.0.0.1:${String(proxy.port)}`
    const { bus, comes, warnings } = await open(t, url.href)
    const ear = new Ear()
    await bus.subscribe('chat:1', ear.handler)
    proxy.hold()
    await comes(false)
    t.match(warnings.join(), /does not answer/)
    proxy.release()
    await comes(true)
    bus.publish('chat:1', Buffer.from('again'))
    await ear.hears('again')
  }
)
