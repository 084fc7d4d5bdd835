/**
 * Rate limits per client, shared by all replicas. A route requests its limit in its `config`; without that it has none.
 * Routes of both dialects with the same purpose share one.
 */
import rateLimit, { type FastifyRateLimitStore, type FastifyRateLimitStoreCtor } from '@fastify/rate-limit'
import type { FastifyContextConfig, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { ChatError } from '../../domain/errors.ts'
import type { RateLimiter } from '../../rate-limits/rate-limiter.ts'
import { networkOfRequest } from './network.ts'

const WINDOW_MS = 60_000
/** Separates the client and the name of the rate in a key. */
const SEPARATOR = ' '
/** The rate of clients. */
export const CLIENT_RATE = 'requests'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route is for, where routes of several faces are for the same. */
    purpose?: RateName
  }
  interface FastifyInstance {
    rates: RateLimiter
  }
}

/** Names of the rate limits. */
export type RateName =
  | 'register'
  | 'verify'
  | 'verify-link'
  | 'login'
  | 'refresh'
  | 'reset-request'
  | 'reset'
  | 'change-password'
  | 'two-factor'
  | 'resend'
  | 'profile'
  | 'submit-profile'
  | 'enable'
  | 'unsubscribe'
  | 'erase'
  | 'subscribe'

/** The `config` of a route that a client may call `max` times a minute, together with the other routes of that name. */
export function perMinute (name: RateName, max: number): FastifyContextConfig {
  return { purpose: name, rateLimit: { max, timeWindow: WINDOW_MS, groupId: SEPARATOR + name } }
}

/** What requests of a client for a purpose are counted under. */
export function clientKey (request: FastifyRequest, name: string): string {
  return networkOfRequest(request) + SEPARATOR + name
}

export default fastifyPlugin<{ rates: RateLimiter }>(
  async (app, { rates }) => {
    app.decorate('rates', rates)
    await app.register(rateLimit, {
      global: false,
      // Counted before the body is read.
      hook: 'onRequest',
      keyGenerator: networkOfRequest,
      store: storeIn(rates),
      // The remaining number is useful to guessers only; the error states when to retry.
      addHeaders: {
        'x-ratelimit-limit': false,
        'x-ratelimit-remaining': false,
        'x-ratelimit-reset': false,
        'retry-after': false
      },
      addHeadersOnExceeding: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
      errorResponseBuilder: ({ routeOptions }, { ttl }) => {
        const { rateLimit: rate } = routeOptions.config
        if (rate !== undefined && rate !== false) app.metrics.rateLimited.add(rate.groupId?.trim() ?? 'requests')
        return new ChatError('rate_limited', undefined, { retryAfterMs: ttl })
      }
    })
  },
  { name: 'rate-limit', dependencies: ['services'], fastify: '5.x' }
)

/** Makes the library count in our limiter, which works while Redis is away. */
function storeIn (rates: RateLimiter): FastifyRateLimitStoreCtor {
  return class implements FastifyRateLimitStore {
    incr (
      key: string,
      callback: (error: Error | null, result?: { current: number, ttl: number }) => void,
      timeWindow: number,
      max: number
    ): void {
      rates.take({ name: CLIENT_RATE, max, windowMs: timeWindow }, key).then(
        (retryAfterMs) => callback(null, { current: retryAfterMs > 0 ? max + 1 : 1, ttl: retryAfterMs }),
        (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)))
      )
    }

    child (): FastifyRateLimitStore {
      return this
    }
  }
}
