/** A route of the API as the documents describe it. */
import type { FastifySchema, RouteOptions } from 'fastify'
import type { ErrorCode } from '../../domain/errors.ts'
import type { MountedFace } from '../http/face.ts'

/** Fastify's name for the rest of a path, and the name that is documented: OpenAPI has no such paths. */
const WILDCARD = '*'
const REST = 'path'

/** A route with an `operationId`. */
export type DescribedRoute = {
  operationId: string
  method: 'get' | 'post'
  path: string
  face: MountedFace
  /** Read when the documents are made: scopes complete the schemas of their routes. */
  route: RouteOptions
}

/** The description of a route; undefined for one without an `operationId`, and for HEAD, which goes with each GET. */
export function describedBy (route: RouteOptions, face: MountedFace): DescribedRoute | undefined {
  const { method, url, schema: { operationId } = {} } = route
  if (operationId === undefined || method === 'HEAD') return undefined
  const name = method === 'GET' ? 'get' : method === 'POST' ? 'post' : undefined
  if (name === undefined) throw new Error(`The method ${String(method)} of ${url} has no description.`)
  return { operationId, method: name, path: pathOf(url), face, route }
}

/** The path of a route in the form of OpenAPI, without the trailing slash that is optional everywhere. */
export function pathOf (url: string): string {
  const path = url === '/' ? url : url.replace(/\/$/, '')
  return path.replace(WILDCARD, `{${REST}}`)
}

/** The name of a parameter of the path. */
export function parameterName (name: string): string {
  return name === WILDCARD ? REST : name
}

/** All errors of a route: its own, and those that follow from its body, its session and its rate. */
export function errorsOf ({ method, route: { config = {}, schema } }: DescribedRoute): ErrorCode[] {
  const all = new Set<ErrorCode>(config.errors)
  const add = (...codes: readonly ErrorCode[]) => {
    for (const code of codes) all.add(code)
  }
  if (method === 'post') add('invalid_input', 'body_too_large', 'unsupported_media_type')
  if (isWithSession(schema)) add('unauthenticated', 'unavailable')
  if (config.rateLimit !== undefined && config.rateLimit !== false) add('rate_limited')
  if (config.isOperational !== true) add('over_capacity')
  // A form is refused by its origin before the route handles it.
  add('foreign_origin', 'internal')
  return [...all].sort()
}

function isWithSession (schema: FastifySchema | undefined): boolean {
  return schema?.security !== undefined && schema.security.length > 0
}
