/**
 * Rates per client, shared by all replicas. A route asks for its rate in its `config`; without that it has none. Routes of
 * both dialects that do the same share one.
 */
import type { FastifyContextConfig } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { ChatError } from '../domain/errors.ts'
import type { Rate, Rates } from '../rates/rates.ts'
import { networkOfRequest } from './network.ts'

const WINDOW_MS = 60_000

declare module 'fastify' {
  interface FastifyContextConfig {
    /** How often one client may call the route. */
    rate?: Rate
  }
}

/** What has a rate of its own. */
export type RateName = 'register' | 'verify' | 'verify-link' | 'login' | 'refresh' | 'reset-request' | 'reset' | 'subscribe'

/** The `config` of a route that a client may call `max` times a minute, together with the others of that name. */
export function perMinute (name: RateName, max: number): FastifyContextConfig {
  return { rate: { name, max, windowMs: WINDOW_MS } }
}

export default fastifyPlugin<{ rates: Rates }>(async (app, { rates }) => {
  // Counted before the body is read, whatever is in it.
  app.addHook('onRequest', async (request) => {
    const { rate } = request.routeOptions.config
    if (rate === undefined) return
    const retryAfterMs = await rates.take(rate, networkOfRequest(request))
    if (retryAfterMs > 0) throw new ChatError('rate_limited', undefined, { retryAfterMs })
  })
}, { name: 'rate-limit', fastify: '5.x' })
