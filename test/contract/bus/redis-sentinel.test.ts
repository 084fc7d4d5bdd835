import t from '../../support/tap.ts'
import { Ear, testBus } from './suite.ts'
import { startSentinels } from '../../support/servers/redis-cluster.ts'
import { withRedisServers } from '../../support/servers/redis-server.ts'
import { newPrefix, openWatchedBus } from '../../support/servers/watched-bus.ts'

const CONNECTED = 4

t.setTimeout(300_000)

await withRedisServers(t, 'a Redis that Sentinels watch', async (t) => {
  const sentinels = await startSentinels(t)

  await t.test('keeps the contract', async (t) => {
    await testBus(t, async (t, replicas) => {
      const prefix = newPrefix()
      const first = await openWatchedBus(t, sentinels.url, prefix)
      const others = await Promise.all(
        Array.from({ length: replicas - 1 }, () => openWatchedBus(t, sentinels.url, prefix))
      )
      return [first.bus, ...others.map(({ bus }) => bus)]
    })
  })

  await t.test('is followed to the new master', async (t) => {
    const prefix = newPrefix()
    const [one, other] = [
      await openWatchedBus(t, sentinels.url, prefix),
      await openWatchedBus(t, sentinels.url, prefix)
    ]
    const ear = new Ear()
    await one.bus.subscribe('chat:1', ear.handler)
    await Promise.all([one.comes(false), other.comes(false), sentinels.failOver()])
    await Promise.all([one.comes(true), other.comes(true)])
    other.bus.publish('chat:1', Buffer.from('again'))
    await ear.hears('again')
    // With the old one gone for good: nobody is left behind on it.
    await sentinels.master.stop()
    other.bus.publish('chat:1', Buffer.from('alone'))
    await ear.hears('alone')
    t.equal(one.bus.isUp && other.bus.isUp, true)
  })
})

await withRedisServers(t, 'a Redis whose master dies', async (t) => {
  const sentinels = await startSentinels(t)
  const prefix = newPrefix()
  const watched = await Promise.all(Array.from({ length: CONNECTED }, () => openWatchedBus(t, sentinels.url, prefix)))
  await Promise.all([...watched.map((one) => one.comes(false)), sentinels.master.stop()])
  await Promise.all(watched.map((one) => one.comes(true)))
  const ear = new Ear()
  const [first, ...others] = watched
  await first?.bus.subscribe('chat:1', ear.handler)
  for (const [index, { bus }] of others.entries()) {
    bus.publish('chat:1', Buffer.from(String(index)))
    await ear.hears(String(index))
  }
  t.pass('every replica finds the new one')
})
