/** A route of the API as the documents describe it. */
import type { FastifySchema, RouteOptions } from 'fastify'
import type { ErrorCode } from '../../domain/errors.ts'
import { isEntrance } from '../http/accounts-off.ts'
import type { MountedFace } from '../http/face.ts'

/** Fastify's name for the rest of a path, and the name that is documented: OpenAPI has no such paths. */
const WILDCARD = '*'
const REST = 'path'

const METHODS = ['get', 'put', 'post', 'patch', 'delete'] as const
/** The methods of routes with a body. */
const WITH_BODY: ReadonlySet<string> = new Set(['put', 'post', 'patch'])

/** A route with an `operationId`. */
export type DescribedRoute = {
  operationId: string
  method: (typeof METHODS)[number]
  path: string
  face: MountedFace
  /** Read when the documents are made: scopes complete the schemas of their routes. */
  route: RouteOptions
}

/** The description of a route; undefined for one without an `operationId`, and for HEAD, which goes with each GET. */
export function describedBy (route: RouteOptions, face: MountedFace): DescribedRoute | undefined {
  const { method, url, schema: { operationId } = {} } = route
  if (operationId === undefined || method === 'HEAD') return undefined
  const name = METHODS.find((candidate) => candidate.toUpperCase() === method)
  if (name === undefined) throw new Error(`The method ${String(method)} of ${url} has no description.`)
  return { operationId, method: name, path: pathOf(url), face, route }
}

/**
 * The path of a route in the form of OpenAPI, without the trailing slash that is optional everywhere. In Fastify's form
 * `::` is a colon, and a parameter may have an expression.
 */
export function pathOf (url: string): string {
  const path = url === '/' ? url : url.replace(/\/$/, '')
  return path.replace(WILDCARD, `{${REST}}`).replace(/\/:(\w+)(\([^)]*\))?/g, '/{$1}').replaceAll('::', ':')
}

/** The name of a parameter of the path. */
export function parameterName (name: string): string {
  return name === WILDCARD ? REST : name
}

/** All errors of a route: its own, and those that follow from its body, its session and its rate. */
export function errorsOf ({ method, route }: DescribedRoute): ErrorCode[] {
  const { config = {}, schema } = route
  const all = new Set<ErrorCode>(config.errors)
  const add = (...codes: readonly ErrorCode[]) => {
    for (const code of codes) all.add(code)
  }
  if (WITH_BODY.has(method)) add('invalid_input', 'body_too_large', 'unsupported_media_type')
  if (isWithSession(schema)) add('unauthenticated', 'rate_limited', 'unavailable')
  if ((config.rateLimit !== undefined && config.rateLimit !== false) || config.quota !== undefined) add('rate_limited')
  if (isEntrance(route)) add('accounts_off')
  if (config.callers !== undefined) add('insufficient_scope', 'invalid_input')
  // A key may act for a user.
  if (config.callers?.user === true) add('user_required', 'unknown_user', 'suspended')
  if (config.isOperational !== true) add('over_capacity')
  // A form is refused by its origin before the route handles it.
  add('foreign_origin', 'internal')
  return [...all].sort()
}

function isWithSession (schema: FastifySchema | undefined): boolean {
  return schema?.security !== undefined && schema.security.length > 0
}
