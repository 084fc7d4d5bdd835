/** The HTTP server: plugins, then the faces of the API with their prefixes, then the rest, on one screen. */
import { randomUUID } from 'node:crypto'
import Fastify, { type FastifyInstance, LogController } from 'fastify'
import { chatcli } from '../api/chatcli/index.ts'
import { emotechat } from '../api/emotechat/index.ts'
import accessTokens from '../api/http/access-tokens.ts'
import accountsOff from '../api/http/accounts-off.ts'
import services, { type Served } from '../api/http/context.ts'
import { faceOf, handleErrorsLike, mountFace, type MountedFace } from '../api/http/face.ts'
import fileOrigin from '../api/http/file-origin.ts'
import { readForwardedAddresses } from '../api/http/forwarded-for.ts'
import origins from '../api/http/origins.ts'
import overload from '../api/http/overload.ts'
import principals from '../api/http/principals.ts'
import rateLimit from '../api/http/rate-limit.ts'
import { createRawAnswers } from '../api/http/raw-answers.ts'
import requestMetrics from '../api/http/request-metrics.ts'
import requestTraces from '../api/http/request-traces.ts'
import securityHeaders from '../api/http/security-headers.ts'
import userTurns from '../api/http/user-turns.ts'
import { compileValidator } from '../api/http/validation.ts'
import websocket from '../api/http/websocket.ts'
import websocketGate from '../api/http/websocket-gate.ts'
import description from '../api/openapi/index.ts'
import descriptionRoutes, { DESCRIPTION_TAGS } from '../api/openapi/routes.ts'
import ops, { OPS_TAGS } from '../api/ops/index.ts'
import readiness, { type ReadinessDeps } from '../api/ops/readiness.ts'
import { v1 } from '../api/v1/index.ts'
import type { Config } from '../config/config.ts'
import type { RateLimiter } from '../rate-limits/rate-limiter.ts'
import web, { WEB_TAGS } from '../web/index.ts'
import { type LogStream, loggerOptions } from './logger.ts'

/** In the order of the documents. */
const FACES: readonly MountedFace[] = [
  { ...v1, prefix: '/v1' },
  { ...chatcli, prefix: '' },
  { ...emotechat, prefix: '/api' }
]
const WEB_PREFIX = '/app'
/** The groups of routes in the documents, in this order. */
const TAGS = { ...v1.tags, ...chatcli.tags, ...emotechat.tags, ...WEB_TAGS, ...OPS_TAGS, ...DESCRIPTION_TAGS }
const BODY_LIMIT_BYTES = 262_144
/** Maximum size of all headers of a request; Node refuses more with 431. */
const HEADER_LIMIT_BYTES = 16_384

/** The limits of the HTTP servers. */
export function httpLimits ({ timeouts: { headersMs, requestMs, idleMs } }: Config) {
  return {
    maxHeaderSize: HEADER_LIMIT_BYTES,
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    keepAliveTimeout: idleMs,
    // Node checks its connections at this interval, so a client that sends its headers slowly is cut off at most a
    // quarter late.
    connectionsCheckingInterval: Math.ceil(headersMs / 4)
  }
}

/** Creates the server without routes: its logger is needed before the rest can be built. */
export function createServer (config: Config, logStream?: LogStream): FastifyInstance {
  const limits = httpLimits(config)
  const rawAnswers = createRawAnswers(config, FACES)
  const app = Fastify({
    logger: loggerOptions(config.logLevel, logStream),
    // Unique across replicas.
    genReqId: () => randomUUID(),
    // One line per request, written below when it is answered.
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: config.trustProxy.length > 0 ? config.trustProxy : false,
    bodyLimit: BODY_LIMIT_BYTES,
    // Fastify sets these two itself, to its own defaults otherwise.
    requestTimeout: limits.requestTimeout,
    keepAliveTimeout: limits.keepAliveTimeout,
    http: limits,
    routerOptions: { ignoreTrailingSlash: true },
    frameworkErrors: (_error, { url, raw }, reply) => {
      // The connection of an upgrade ends here, since no hook of the gate is run.
      if (raw.headers.upgrade !== undefined) reply.raw.once('finish', () => raw.socket.destroy())
      rawAnswers.badUrl(url, reply.raw)
    },
    clientErrorHandler: rawAnswers.clientError
  })
  app.server.on('checkExpectation', rawAnswers.expectation)
  app.setValidatorCompiler(compileValidator)
  // A schema of an answer describes it and does not shape it: nothing is left out that the schema lacks.
  app.setSerializerCompiler(() => (body) => JSON.stringify(body))
  if (config.trustProxy.length > 0) readForwardedAddresses(app)
  app.addHook('onResponse', (request, reply, done) => {
    const details = {
      method: request.method,
      route: request.routeOptions.url,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
      userId: request.session?.userId ?? request.principal?.userId,
      apiKey: request.apiKey?.id,
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
  await app.register(websocket, { rawAnswers: createRawAnswers(deps.config, FACES) })
  await app.register(requestTraces)
  await app.register(requestMetrics)
  await app.register(securityHeaders)
  await app.register(overload)
  await app.register(origins)
  await app.register(fileOrigin)
  await app.register(websocketGate)
  await app.register(accessTokens)
  await app.register(principals)
  await app.register(userTurns)
  await app.register(rateLimit, deps)
  await app.register(accountsOff)
  // Before the routes, which it describes.
  await app.register(description, { faces: FACES, tags: TAGS })
  await app.register(readiness, deps)
  handleErrorsLike(faceOf(FACES, '/'), app)
  for (const face of FACES) await mountFace(app, face)
  await app.register(web, { prefix: WEB_PREFIX })
  await app.register(ops)
  await app.register(descriptionRoutes)
}
