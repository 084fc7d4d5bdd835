import t from '../../support/tap.ts'
import { createMemoryBus } from '../../../src/bus/memory.ts'
import { isEcho, testBus } from './suite.ts'

await testBus(t, async (t, replicas) => {
  // It reaches one process only, so its replicas are all the same one.
  const bus = createMemoryBus(isEcho)
  t.teardown(() => bus.close())
  return [bus, ...Array.from({ length: replicas - 1 }, () => bus)]
})

t.test('it says that it reaches no further than this process', async (t) => {
  t.match(createMemoryBus().description, /this process/)
})
