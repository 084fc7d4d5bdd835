/** The HTTP server: plugins, then the operations, then the dialects with their prefixes, on one screen. */
import { randomUUID } from 'node:crypto'
import Fastify, { type FastifyInstance, LogController } from 'fastify'
import type { Config } from '../config/config.ts'
import description from '../api/openapi/index.ts'
import { BAD_URL as chatcliBadUrl } from '../api/chatcli/errors.ts'
import chatcli from '../api/chatcli/index.ts'
import { BAD_URL as emotechatBadUrl } from '../api/emotechat/errors.ts'
import emotechat from '../api/emotechat/index.ts'
import { type LogStream, loggerOptions } from './logger.ts'
import ops from '../api/ops/index.ts'
import accessTokens from '../api/http/access-tokens.ts'
import { readForwardedAddresses } from '../api/http/forwarded-for.ts'
import origins from '../api/http/origins.ts'
import overload from '../api/http/overload.ts'
import rateLimit from '../api/http/rate-limit.ts'
import requestMetrics from '../api/http/request-metrics.ts'
import requestTraces from '../api/http/request-traces.ts'
import securityHeaders, { securityHeaders as headersOfEveryAnswer } from '../api/http/security-headers.ts'
import services, { type Served } from '../api/http/context.ts'
import websocket from '../api/http/websocket.ts'
import websocketGate from '../api/http/websocket-gate.ts'
import type { RateLimiter } from '../rate-limits/rate-limiter.ts'
import readiness, { type ReadinessDeps } from '../api/ops/readiness.ts'
import web from '../web/index.ts'

const EMOTECHAT_PREFIX = '/api'
const WEB_PREFIX = '/app'
const BODY_LIMIT_BYTES = 262_144
/** Maximum size of all headers of a request; Node refuses more with 431. */
const HEADER_LIMIT_BYTES = 16_384

/** Creates the server without routes: its logger is needed before the rest can be built. */
export function createServer (config: Config, logStream?: LogStream): FastifyInstance {
  const { headersMs, requestMs, idleMs } = config.timeouts
  const app = Fastify({
    logger: loggerOptions(config.logLevel, logStream),
    // Unique across replicas.
    genReqId: () => randomUUID(),
    // One line per request, written below when it is answered.
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: config.trustProxy.length > 0 ? config.trustProxy : false,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: requestMs,
    keepAliveTimeout: idleMs,
    // Node checks its connections at this interval, so a client that sends its headers slowly is cut off at most a
    // quarter late.
    http: {
      maxHeaderSize: HEADER_LIMIT_BYTES,
      headersTimeout: headersMs,
      connectionsCheckingInterval: Math.ceil(headersMs / 4)
    },
    routerOptions: { ignoreTrailingSlash: true },
    // Types are not converted: a string is no number.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: true } },
    // No route was found for such a URL, so no dialect's error handler is called.
    frameworkErrors: (_error, request, reply) => {
      const answer = request.url.startsWith(`${EMOTECHAT_PREFIX}/`) ? emotechatBadUrl : chatcliBadUrl
      reply.raw.writeHead(400, { ...headersOfEveryAnswer(config), 'content-type': 'application/json; charset=utf-8' })
      reply.raw.end(JSON.stringify(answer))
    }
  })
  if (config.trustProxy.length > 0) readForwardedAddresses(app)
  app.addHook('onResponse', (request, reply, done) => {
    const details = {
      method: request.method,
      route: request.routeOptions.url,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
      userId: request.session?.userId,
      address: request.ip
    }
    request.log.info(details, 'request')
    done()
  })
  return app
}

/** Registers everything that is served. */
export async function buildApp (
  app: FastifyInstance,
  deps: Served & ReadinessDeps & { rates: RateLimiter }
): Promise<void> {
  await app.register(services, deps)
  // Before any plugin that may refuse a request: its hooks end the connection of a refused upgrade.
  await app.register(websocket)
  await app.register(requestTraces)
  await app.register(requestMetrics)
  await app.register(securityHeaders)
  await app.register(overload)
  await app.register(origins)
  await app.register(websocketGate)
  await app.register(accessTokens)
  await app.register(rateLimit, deps)
  // Before the routes, which it describes.
  await app.register(description)
  await app.register(readiness, deps)
  await app.register(ops)
  await app.register(web, { prefix: WEB_PREFIX })
  await app.register(chatcli)
  await app.register(emotechat, { prefix: EMOTECHAT_PREFIX })
}
