/**
 * `Idempotency-Key`: in the scope of this plugin every POST and PATCH takes it. What the handler writes through
 * {@link servicesOf} is committed together with the key and the answer; a repetition gets that answer.
 */
import type { FastifyReply, FastifyRequest, onSendAsyncHookHandler, preHandlerAsyncHookHandler } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import Type from 'typebox'
import Value from 'typebox/value'
import { createHash } from 'node:crypto'
import { ChatError } from '../../domain/errors.ts'
import type { Attempt, KeptAnswer, KeyedRequest } from '../../domain/idempotency.ts'
import type { UnitServices } from '../../server/services.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * How a POST or PATCH takes an `Idempotency-Key`, if not by keeping its whole answer: `none` for one without an
     * effect; `own` for one that reads the header itself; or which secret fields of the answer are shown only once.
     */
    idempotency?: 'none' | 'own' | { secret: readonly string[] }
  }
  interface FastifyRequest {
    /** Set while a request with a key is handled. */
    attempt: { unit: Attempt, services: UnitServices } | null
  }
}

const METHODS = ['POST', 'PATCH']
const HEADER = 'idempotency-key'
const KEY = /^[\x21-\x7e]{1,64}$/
/** Headers of an answer that are kept with it. */
const KEPT_HEADERS = ['etag', 'location']
const Body = Type.Record(Type.String(), Type.Unknown())
const ObjectSchema = Type.Object({ type: Type.Literal('object'), properties: Body })

const KEY_HEADER = Type.Optional(Type.String({
  maxLength: 64,
  description: 'Chosen by the client. The same request with the same key has its effect once, and the same answer.'
}))

export default fastifyPlugin(async (app) => {
  app.decorateRequest('attempt', null)
  app.addHook('onRoute', (route) => {
    const { config: { idempotency, errors = [] } = {}, method, preHandler = [], onSend = [] } = route
    if (!METHODS.includes(String(method)) || idempotency === 'none') return
    const declared = route.schema?.headers
    const headers = Value.Check(ObjectSchema, declared) ? declared : Type.Object({})
    route.schema = {
      ...route.schema, headers: { ...headers, properties: { ...headers.properties, [HEADER]: KEY_HEADER } }
    }
    if (idempotency === 'own') return
    route.config = { ...route.config, errors: [...errors, 'idempotency_in_progress', 'idempotency_key_reused'] }
    route.preHandler = [preHandler, begin].flat()
    route.onSend = [onSend, finish].flat()
  })
}, { name: 'idempotency', dependencies: ['services', 'principals'], fastify: '5.x' })

const begin: preHandlerAsyncHookHandler = async (request, reply) => {
  const keyed = keyedRequestOf(request)
  if (keyed === undefined) return undefined
  const { services } = request.server
  const begun = await services.idempotency.begin(keyed)
  if (!('finish' in begun)) return replay(reply, begun)
  request.attempt = { unit: begun, services: services.within(begun) }
  return undefined
}

const finish: onSendAsyncHookHandler = async (request, reply, payload) => {
  const { attempt } = request
  if (attempt === null) return payload
  request.attempt = null
  try {
    await attempt.unit.finish(reply.statusCode < 300 ? answerOf(request, reply, payload) : undefined)
  } catch (error) {
    // The answer is another one now.
    for (const name of KEPT_HEADERS) reply.removeHeader(name)
    throw error
  }
  return payload
}

/** The services that a handler has its effects through: those of the request's transaction, if it has a key. */
export function servicesOf ({ attempt, server }: FastifyRequest): UnitServices {
  return attempt?.services ?? server.services
}

/** The value of the header; undefined without one. @throws {ChatError} `invalid_input` */
export function idempotencyKeyOf ({ headers }: FastifyRequest): string | undefined {
  const key = headers[HEADER]
  if (key === undefined) return undefined
  if (typeof key === 'string' && KEY.test(key)) return key
  throw new ChatError('invalid_input', 'An Idempotency-Key has 1 to 64 printable ASCII characters and no spaces.')
}

function keyedRequestOf (request: FastifyRequest): KeyedRequest | undefined {
  const { method, url, body } = request
  const [key, caller] = [idempotencyKeyOf(request), callerOf(request)]
  if (key === undefined || caller === undefined) return undefined
  const fingerprint = createHash('sha256').update(`${method} ${url}\n${canonical(body)}`).digest('base64url')
  return { ...caller, key, fingerprint }
}

/** Whose keys are apart from those of others. */
function callerOf ({ apiKey, principal }: FastifyRequest): Pick<KeyedRequest, 'caller' | 'userId'> | undefined {
  const user = principal === null ? undefined : `user:${String(principal.userId)}`
  const key = apiKey === null ? undefined : `key:${apiKey.id}`
  const caller = [key, user].filter((part) => part !== undefined).join(' ')
  return caller === '' ? undefined : { caller, userId: principal?.userId ?? 0 }
}

/** The JSON of a body, whatever the order of its fields. */
function canonical (body: unknown): string {
  return JSON.stringify({ body }, (_name, value: unknown) =>
    Value.Check(Body, value) && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
      : value)
}

function answerOf ({ routeOptions }: FastifyRequest, reply: FastifyReply, payload: unknown): KeptAnswer {
  const { idempotency } = routeOptions.config
  const secret = typeof idempotency === 'object' ? idempotency.secret : []
  const headers: Record<string, string> = {}
  for (const name of KEPT_HEADERS) {
    const value = reply.getHeader(name)
    if (value !== undefined) headers[name] = String(value)
  }
  const body = typeof payload === 'string' ? payload : null
  return {
    status: reply.statusCode,
    headers,
    body: body === null || secret.length === 0 ? body : withoutFields(body, secret)
  }
}

function withoutFields (body: string, names: readonly string[]): string {
  const value: unknown = JSON.parse(body)
  if (!Value.Check(Body, value)) return body
  return JSON.stringify(Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name))))
}

function replay (reply: FastifyReply, { status, headers, body }: KeptAnswer): FastifyReply {
  reply.code(status).headers(headers).header('idempotency-replayed', 'true')
  return body === null ? reply.send(null) : reply.type('application/json; charset=utf-8').send(body)
}
