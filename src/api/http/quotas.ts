/**
 * Limits of `/v1`, which every answer of a limited route states: `RateLimit-Policy` and `RateLimit` of
 * draft-ietf-httpapi-ratelimit-headers. They are shared by all replicas while Redis is there.
 */
import type { FastifyContextConfig, FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { ChatError } from '../../domain/errors.ts'
import { networkOfRequest } from './network.ts'
import { CLIENT_RATE, clientKey, type RateName } from './rate-limit.ts'

const MS_PER_S = 1_000
const S_PER_MINUTE = 60
/** The backend of an application calls for many users. */
const KEY_FACTOR = 20

/** Requests of one user in so many seconds; a key has {@link KEY_FACTOR} times as many. */
const CLASSES = {
  messages: { max: 100, windowS: 10 },
  edits: { max: 100, windowS: 10 },
  reactions: { max: 100, windowS: 10 },
  // Each change of a name is told to all contacts.
  profiles: { max: 60, windowS: S_PER_MINUTE },
  chats: { max: 60, windowS: S_PER_MINUTE },
  members: { max: 60, windowS: S_PER_MINUTE },
  search: { max: 60, windowS: S_PER_MINUTE },
  reports: { max: 20, windowS: S_PER_MINUTE },
  files: { max: 60, windowS: S_PER_MINUTE },
  downloads: { max: 300, windowS: S_PER_MINUTE },
  typing: { max: 50, windowS: 10 }
}

/** A limit of a route, of each caller or of each network. */
export type Quota = { name: string, max: number, windowS: number, by: 'caller' | 'network' }

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The limit of a route of `/v1`. */
    quota?: Quota
  }
}

/** The `config` of a route that each caller may use at the rate of its class, together with the others of the class. */
export function limitedAs (name: keyof typeof CLASSES): FastifyContextConfig {
  return { quota: { name, ...CLASSES[name], by: 'caller' } }
}

/** The `config` of a route that a client may use `max` times a minute, with those of the dialects of that purpose. */
export function limitedAuth (purpose: RateName, max: number): FastifyContextConfig {
  return { purpose, quota: { name: purpose, max, windowS: S_PER_MINUTE, by: 'network' } }
}

export default fastifyPlugin(async (app) => {
  app.addHook('onRoute', (route) => {
    const { config: { quota } = {}, onRequest = [] } = route
    if (quota !== undefined && app.config.rateLimits) route.onRequest = [onRequest, take(quota)].flat()
  })
}, { name: 'quotas', dependencies: ['services', 'rate-limit'], fastify: '5.x' })

/** Counts a request after its caller is known and before its body is read. */
function take ({ name, max: ofUser, windowS, by }: Quota): onRequestAsyncHookHandler {
  return async (request, reply) => {
    const { rates, metrics } = request.server
    const max = request.apiKey === null || by === 'network' ? ofUser : ofUser * KEY_FACTOR
    const windowMs = windowS * MS_PER_S
    const { waitMs, left, endsInMs } = by === 'network'
      ? await rates.draw({ name: CLIENT_RATE, max, windowMs }, clientKey(request, name))
      : await rates.draw({ name: `v1-${name}`, max, windowMs }, callerOf(request))
    reply.headers({
      'ratelimit-policy': `"${name}";q=${String(max)};w=${String(windowS)}`,
      ratelimit: `"${name}";r=${String(left)};t=${String(Math.ceil(endsInMs / MS_PER_S))}`
    })
    if (waitMs === 0) return
    metrics.rateLimited.add(name)
    throw new ChatError('rate_limited', undefined, { retryAfterMs: waitMs })
  }
}

function callerOf (request: FastifyRequest): string {
  const { apiKey, principal, session } = request
  if (apiKey !== null) return `key ${apiKey.id}`
  const userId = principal?.userId ?? session?.userId
  return userId === undefined ? networkOfRequest(request) : `user ${String(userId)}`
}
