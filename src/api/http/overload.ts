/**
 * An overloaded replica refuses new requests and sockets at once, with the time to retry, and continues to serve its
 * open sockets: a refused client finds another replica, a waiting one would time out.
 *
 * Readiness does not change: all replicas have a similar load, and the remaining ones would receive the load of those
 * removed.
 */
import fastifyPlugin from 'fastify-plugin'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import { ChatError } from '../../domain/errors.ts'

/** Interval at which the event loop and the memory are sampled, in milliseconds. */
const SAMPLE_MS = 1_000
/**
 * Number of consecutive late samples of the event loop that count as overload: a pause of the machine does not.
 */
const LATE_SAMPLES = 2
const RESOLUTION_MS = 20
const NS_PER_MS = 1e6
/** Time to retry, in milliseconds. */
const RETRY_AFTER_MS = 2_000
const BYTES_PER_MIB = 1_048_576

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Operators are served even under overload. */
    isOperational?: true
  }
  interface FastifyInstance {
    overload: {
      /** @throws {ChatError} `over_capacity` while the replica is overloaded */
      check: () => void
    }
  }
}

export default fastifyPlugin(
  async (app) => {
    const { eventLoopDelayMs, heapPercent, rssMiB = Infinity, posts } = app.config.overload
    const maxHeapBytes = (getHeapStatistics().heap_size_limit * heapPercent) / 100
    const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
    let lateSamples = 0
    let pressure: 'event_loop' | 'heap' | 'rss' | undefined

    const sample = () => {
      // Without a single turn there is no mean.
      const delayMs = delays.count === 0 ? SAMPLE_MS : delays.mean / NS_PER_MS - RESOLUTION_MS
      delays.reset()
      lateSamples = delayMs > eventLoopDelayMs ? lateSamples + 1 : 0
      const { heapUsed, rss } = process.memoryUsage()
      pressure =
        lateSamples >= LATE_SAMPLES
          ? 'event_loop'
          : heapUsed > maxHeapBytes
            ? 'heap'
            : rss > rssMiB * BYTES_PER_MIB
              ? 'rss'
              : undefined
    }
    let sampling: NodeJS.Timeout | undefined
    // Not before: a start keeps the event loop busy for seconds where the processor is shared, and its first clients
    // would be refused for that.
    app.addHook('onListen', (done) => {
      delays.enable()
      sampling = setInterval(sample, SAMPLE_MS).unref()
      done()
    })
    app.addHook('onClose', async () => {
      clearInterval(sampling)
      delays.disable()
    })

    app.decorate('overload', {
      check () {
        const reason = pressure ?? (app.services.messages.inLine() > posts ? 'posts' : undefined)
        if (reason === undefined) return
        app.metrics.overloadRefusals.add(reason)
        throw new ChatError('over_capacity', undefined, { retryAfterMs: RETRY_AFTER_MS })
      }
    })
    // Upgrades are checked by the gate.
    app.addHook('onRequest', async ({ ws, routeOptions }) => {
      if (!ws && routeOptions.config.isOperational !== true) app.overload.check()
    })
  },
  { name: 'overload', dependencies: ['services', 'websocket'], fastify: '5.x' }
)
