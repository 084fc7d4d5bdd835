/** A replica of the demo: a process of its own, which can be killed. `replicas.ts` starts it. */
import { loadConfig } from '../config/config.ts'
import { describeFatalError } from '../server/fatal-error.ts'
import { startReplica } from '../server/replica.ts'
import { createRelayBus } from './relay-bus.ts'

const bus = createRelayBus((message) => void process.send?.(message), (listener) => process.on('message', listener))
// It ends with the process that has started it, however that ends.
process.on('disconnect', () => process.exit())
// A terminal sends Ctrl-C to it, too; the process that has started it ends it in order.
process.on('SIGINT', () => undefined)

try {
  const replica = await startReplica(loadConfig(process.env), { wrapBus: () => bus })
  process.on('SIGTERM', () => void replica.close().finally(() => process.exit()))
  process.send?.({ type: 'ready', port: Number(new URL(replica.url).port) })
} catch (error) {
  process.stderr.write(`${describeFatalError(error, 'A replica of the demo cannot start')}\n`)
  process.exit(1)
}
