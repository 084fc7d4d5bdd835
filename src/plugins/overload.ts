/**
 * A replica that has more to do than it can refuses new requests and sockets at once, with a word on when to come back,
 * and goes on with the sockets it has: whoever is refused finds another replica, whoever waited would time out.
 *
 * Readiness stays as it is: all replicas are loaded alike, and the last ones would get the load of those taken out.
 */
import underPressure from '@fastify/under-pressure'
import fastifyPlugin from 'fastify-plugin'
import { getHeapStatistics } from 'node:v8'
import { ChatError } from '../domain/errors.ts'

/** The event loop and the memory are looked at so often, in milliseconds. */
const SAMPLE_MS = 500
/** When to come back, in milliseconds: a sample that was bad makes way for the next. */
const RETRY_AFTER_MS = 2_000
const BYTES_PER_MIB = 1_048_576

type Reason = 'event_loop' | 'heap' | 'rss' | 'posts'
/** What the library calls them. */
const REASONS: ReadonlyMap<string, Reason> = new Map([['eventLoopDelay', 'event_loop'], ['heapUsedBytes', 'heap'], ['rssBytes', 'rss']])

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Operators are served however busy the replica is. */
    isOperational?: true
  }
}

export default fastifyPlugin(async (app) => {
  const { eventLoopDelayMs, heapPercent, rssMiB, posts } = app.config.overload
  const refuse = (reason: Reason) => {
    app.metrics.overloadRefusals.add(reason)
    throw new ChatError('over_capacity', undefined, { retryAfterMs: RETRY_AFTER_MS })
  }

  await app.register(underPressure, {
    sampleInterval: SAMPLE_MS,
    maxEventLoopDelay: eventLoopDelayMs,
    maxHeapUsedBytes: getHeapStatistics().heap_size_limit * heapPercent / 100,
    maxRssBytes: (rssMiB ?? 0) * BYTES_PER_MIB,
    pressureHandler: ({ routeOptions }, _reply, type) => {
      const reason = REASONS.get(type)
      if (reason !== undefined && routeOptions.config.isOperational !== true) refuse(reason)
    }
  })

  app.addHook('onRequest', async ({ routeOptions }) => {
    if (routeOptions.config.isOperational !== true && app.services.messages.waiting() > posts) refuse('posts')
  })
}, { name: 'overload', dependencies: ['services'], fastify: '5.x' })
