/**
 * Rates per address, counted in Redis where there is one, so that all replicas share them. A route asks for its rate in
 * its `config`; without that it has none.
 */
import rateLimit from '@fastify/rate-limit'
import type { FastifyContextConfig } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { Redis } from 'ioredis'
import { ChatError } from '../domain/errors.ts'

const WINDOW_MS = 60_000
/** Addresses counted at once without Redis. */
const LOCAL_CACHE = 20_000

/** The `config` of a route that an address may call `max` times a minute. */
export function perMinute (max: number): FastifyContextConfig {
  return { rateLimit: { max, timeWindow: WINDOW_MS } }
}

export default fastifyPlugin<{ redis: Redis | undefined, prefix: string }>(async (app, { redis, prefix }) => {
  if (!app.config.rateLimits) return
  await app.register(rateLimit, {
    global: false,
    cache: LOCAL_CACHE,
    // Counted before the body is read, whatever is in it.
    hook: 'onRequest',
    nameSpace: `${prefix}rate:`,
    // A Redis that is away must not keep anybody from logging in.
    skipOnError: true,
    ...(redis !== undefined && { redis }),
    errorResponseBuilder: () => new ChatError('rate_limited')
  })
}, { name: 'rate-limit', dependencies: ['services'], fastify: '5.x' })
