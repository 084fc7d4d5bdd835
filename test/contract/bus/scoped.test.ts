import t, { type Test } from '../../support/tap.ts'
import { createMemoryBus } from '../../../src/bus/memory.ts'
import { ScopedBus } from '../../../src/bus/scoped.ts'
import { Ear, isEcho, testBus } from './suite.ts'

/** Two installations on one bus, the scope of which can be changed. */
function openPair (t: Test) {
  const medium = createMemoryBus(isEcho)
  t.teardown(() => medium.close())
  const scopes = { one: 'one', other: 'other' }
  return {
    scopes,
    medium,
    one: new ScopedBus(medium, () => scopes.one),
    other: new ScopedBus(medium, () => scopes.other)
  }
}

await testBus(t, async (t, replicas) => {
  const { one } = openPair(t)
  return [one, ...Array.from({ length: replicas - 1 }, () => one)]
})

await t.test('what one installation publishes reaches no other on the same bus', async (t) => {
  const { one, other } = openPair(t)
  const [ear, foreign] = [new Ear(), new Ear()]
  await one.subscribe('chat:1', ear.handler)
  await other.subscribe('chat:1', foreign.handler)
  one.publish('chat:1', Buffer.from('mine'))
  await ear.hears('mine')
  other.publish('chat:1', Buffer.from('barrier'))
  await foreign.hears('barrier')
  t.strictSame([ear.words, foreign.words], [['mine'], ['barrier']])
})

await t.test('when the scope changes every subscription moves along', async (t) => {
  const { one, other, scopes, medium } = openPair(t)
  const ears = [new Ear(), new Ear()]
  for (const [index, ear] of ears.entries()) await one.subscribe(`chat:${String(index)}`, ear.handler)
  scopes.one = 'restored'
  one.rescope()
  for (const [index, ear] of ears.entries()) {
    medium.publish(`one:chat:${String(index)}`, Buffer.from('from before'))
    other.publish(`chat:${String(index)}`, Buffer.from('foreign'))
    one.publish(`chat:${String(index)}`, Buffer.from('moved'))
    await ear.hears('moved')
    t.strictSame(ear.words, ['moved'])
    one.unsubscribe(`chat:${String(index)}`, ear.handler)
  }
  const rest = new Ear()
  await one.subscribe('chat:2', rest.handler)
  one.publish('chat:0', Buffer.from('unheard'))
  one.publish('chat:2', Buffer.from('barrier'))
  await rest.hears('barrier')
  t.strictSame(ears.map((ear) => ear.words), [['moved'], ['moved']], 'and can still be ended')
})
