/** The HTTP server: plugins, then operations, then the dialects with their prefixes, on one screen. */
import Fastify, { type FastifyInstance, LogController } from 'fastify'
import type { Redis } from 'ioredis'
import type { Config } from './config.ts'
import { BAD_URL as chatcliBadUrl } from './dialects/chatcli/errors.ts'
import chatcli from './dialects/chatcli/index.ts'
import { BAD_URL as emotechatBadUrl } from './dialects/emotechat/errors.ts'
import emotechat from './dialects/emotechat/index.ts'
import { type LogStream, loggerOptions } from './logger.ts'
import ops, { type OpsDeps } from './ops.ts'
import accessTokens from './plugins/access-tokens.ts'
import rateLimit from './plugins/rate-limit.ts'
import services, { type Served } from './plugins/services.ts'
import websocket from './plugins/websocket.ts'

const EMOTECHAT_PREFIX = '/api'
const BODY_LIMIT_BYTES = 262_144
const REQUEST_TIMEOUT_MS = 30_000
const KEEP_ALIVE_TIMEOUT_MS = 72_000

/** Makes the server, without routes: its logger is needed before the rest can be built. */
export function createServer (config: Config, logStream?: LogStream): FastifyInstance {
  const app = Fastify({
    logger: loggerOptions(config.logLevel, logStream),
    // One line per request, written below when it is answered.
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: config.trustProxy.length > 0 ? config.trustProxy : false,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Longer than the idle time-out of common load balancers, which must be the ones to close.
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    routerOptions: { ignoreTrailingSlash: true },
    // Types are taken as they come: a string is no number.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: true } },
    // No route was found for such a URL, so no dialect's error handler is asked.
    frameworkErrors: (_error, request, reply) => {
      const answer = request.url.startsWith(`${EMOTECHAT_PREFIX}/`) ? emotechatBadUrl : chatcliBadUrl
      reply.raw.writeHead(400, { 'content-type': 'application/json; charset=utf-8' })
      reply.raw.end(JSON.stringify(answer))
    }
  })
  app.addHook('onResponse', (request, reply, done) => {
    const details = { method: request.method, route: request.routeOptions.url, status: reply.statusCode, ms: Math.round(reply.elapsedTime), address: request.ip }
    request.log.info(details, 'request')
    done()
  })
  return app
}

/** Adds everything that is served. */
export async function buildApp (app: FastifyInstance, deps: Served & OpsDeps & { redis: Redis | undefined }): Promise<void> {
  await app.register(services, deps)
  await app.register(accessTokens)
  await app.register(rateLimit, { redis: deps.redis, prefix: deps.config.redis?.prefix ?? '' })
  await app.register(websocket)
  await app.register(ops, deps)
  await app.register(chatcli)
  await app.register(emotechat, { prefix: EMOTECHAT_PREFIX })
}
