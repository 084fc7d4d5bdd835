/**
 * The OpenAPI 3.1 document. `@fastify/swagger` makes it of the routes' own schemas; added here is what holds for all
 * routes of a face (its errors, by their statuses), and schemas with a title are shared.
 */
import type { FastifyDynamicSwaggerOptions, SwaggerTransform } from '@fastify/swagger'
import type { FastifySchema } from 'fastify'
import type { OpenAPI, OpenAPIV3_1 } from 'openapi-types'
import { ERRORS, type ErrorCode } from '../../domain/errors.ts'
import { faceOf, type MountedFace } from '../http/face.ts'
import { BEARER } from '../http/session.ts'
import type { DescriptionOptions } from './index.ts'
import { isRecord, shareTitled, sorted } from './json-schema.ts'
import { type DescribedRoute, errorsOf, parameterName, pathOf } from './route.ts'
import { readVersion } from './version.ts'

const RETRYABLE_STATUSES: readonly number[] = [429, 503]
const header = (description: string) => ({ description, schema: { type: 'string' as const } })
/** Limits are not stated to one who is not known, and not where the server has none (`RATE_LIMITS=off`). */
const HEADERS = {
  'retry-after': header('When to come back, in seconds.'),
  'ratelimit-policy': header('The limit: its name, the quota `q`, and the window `w` in seconds.'),
  ratelimit: header('What remains of the limit: `r` requests, until it begins anew in `t` seconds.')
}
const refTo = (name: keyof typeof HEADERS) => ({ [name]: { $ref: `#/components/headers/${name}` } })
const RETRY_HEADERS = refTo('retry-after')
const LIMIT_HEADERS = { ...refTo('ratelimit-policy'), ...refTo('ratelimit') }
const REF_TO_RESPONSES = '#/components/responses/'

/** The document, with the parts that it always has. */
export type OpenApi = OpenAPIV3_1.Document &
  Required<Pick<OpenAPIV3_1.Document, 'paths' | 'components' | 'tags'>>

/** How the plugin makes the document. */
export function openApiOptions ({ faces, tags }: DescriptionOptions): FastifyDynamicSwaggerOptions {
  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Confab',
        version: readVersion(),
        summary: 'A self-hosted real-time chat backend.',
        description:
          `Dialects over the same accounts, chats and messages: ${faces.map(placeOf).join(', ')}. ` +
          'Unknown fields of a request are ignored, but not under `/v1`. ' +
          'The WebSocket is described in `/asyncapi.json`.',
        license: { name: 'MIT', identifier: 'MIT' }
      },
      servers: [{ url: '/', description: 'This server' }],
      tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
      components: {
        securitySchemes: {
          [BEARER]: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'JWT',
            description: ['The token of a login.', ...faces.flatMap(({ credentials = [] }) => credentials)].join(' ')
          }
        }
      }
    },
    convertConstToEnum: false,
    transform: asDocumented(faces, Object.keys(tags))
  }
}

function placeOf ({ name, prefix }: MountedFace): string {
  return `${name} ${prefix === '' ? 'at the root' : `under \`${prefix}\``}`
}

/** The schema of a route as clients see it; a route without an `operationId` is left out. */
function asDocumented (faces: readonly MountedFace[], tags: readonly string[]): SwaggerTransform {
  return ({ url, route: { schema = {}, config: { described } = {} } }) => {
    const { operationId, tags: [tag = ''] = [], params, querystring, body, ...rest } = schema
    if (operationId === undefined) return { url, schema: { hide: true } }
    if (!tags.includes(tag)) throw new Error(`The operation ${operationId} has the unknown tag ${tag}.`)
    const documented: FastifySchema = {
      ...rest,
      // @fastify/websocket hides its routes.
      hide: false,
      operationId,
      tags: [tag],
      security: rest.security ?? [],
      consumes: rest.consumes ?? faceOf(faces, url).consumes
    }
    if (params !== undefined) documented.params = withNames(params)
    const query = described?.query ?? querystring
    if (query !== undefined) documented.querystring = withoutDefaulted(query)
    const sent = described?.body ?? body
    if (sent !== undefined) documented.body = withoutDefaulted(sent)
    // The plugin takes a single colon for the beginning of a parameter.
    return { url: pathOf(url).replaceAll(':', '::'), schema: documented }
  }
}

function withNames (params: unknown): unknown {
  if (!isRecord(params) || !isRecord(params['properties'])) return params
  const properties: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries(params['properties'])) properties[parameterName(name)] = schema
  return { ...params, properties }
}

/** A field with a default is filled in, so clients need not send it. */
function withoutDefaulted (schema: unknown): unknown {
  if (!isRecord(schema)) return schema
  const { properties, required } = schema
  if (!isRecord(properties) || !Array.isArray(required)) return schema
  const isDefaulted = (name: string) => isRecord(properties[name]) && 'default' in properties[name]
  return { ...schema, required: required.filter((name) => !isDefaulted(String(name))) }
}

/** Completes the document that the plugin has made. @throws when it is no OpenAPI 3.1 */
export function completeOpenApi (document: OpenAPI.Document, routes: readonly DescribedRoute[]): OpenApi {
  if (!isOpenApi(document)) throw new Error('The document is no OpenAPI 3.1.')
  const responses: Record<string, OpenAPIV3_1.ResponseObject> = {}
  for (const described of routes) {
    const operation = document.paths[described.path]?.[described.method]
    if (operation === undefined) throw new Error(`The operation ${described.operationId} is missing.`)
    if (isLimited(described))
      for (const answer of Object.values(operation.responses))
        if (!('$ref' in answer)) answer.headers = { ...answer.headers, ...LIMIT_HEADERS }
    operation.responses = { ...operation.responses, ...refusalsOf(described, responses) }
    const { config, schema } = described.route
    if (config?.described?.body !== undefined && schema?.body === undefined && isRecord(operation.requestBody))
      operation.requestBody['required'] = false
  }
  const schemas = {}
  shareTitled(responses, schemas)
  shareTitled(document.paths, schemas)
  document.components = {
    ...document.components, headers: HEADERS, schemas: sorted(schemas), responses: sorted(responses)
  }
  return document
}

function isOpenApi (document: OpenAPI.Document): document is OpenApi {
  return (
    'openapi' in document &&
    document.openapi.startsWith('3.1.') &&
    'components' in document &&
    document.paths !== undefined &&
    document.tags !== undefined
  )
}

/** Whether the answers of a route state its limit. */
function isLimited ({ route }: DescribedRoute): boolean {
  return route.config?.quota !== undefined
}

/** The errors of a route: one answer for each status, shared by the routes that refuse alike. */
function refusalsOf (described: DescribedRoute, responses: Record<string, OpenAPIV3_1.ResponseObject>) {
  const { face, route } = described
  const { form, content } = route.config?.refusals ?? face.refusals
  const byStatus = new Map<number, ErrorCode[]>()
  for (const code of errorsOf(described))
    byStatus.set(face.status[code], [...(byStatus.get(face.status[code]) ?? []), code])
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => {
      const name = [form, ...(isLimited(described) ? ['limited'] : []), ...codes].join('.')
      const headers = {
        ...(isLimited(described) && LIMIT_HEADERS), ...(RETRYABLE_STATUSES.includes(status) && RETRY_HEADERS)
      }
      responses[name] ??= {
        description: codes.map((code) => `\`${code}\`: ${ERRORS[code]}`).join('\n\n'),
        ...(Object.keys(headers).length > 0 && { headers }),
        content: structuredClone(content(codes))
      }
      return [String(status), { $ref: REF_TO_RESPONSES + name }]
    })
  )
}

/** The response that is meant with its headers, whether it is written in its place or shared. */
export function resolveResponse (
  { components }: OpenApi,
  response: OpenAPIV3_1.ResponseObject | OpenAPIV3_1.ReferenceObject
): OpenAPIV3_1.ResponseObject {
  const found = '$ref' in response
    ? components.responses?.[response.$ref.slice(REF_TO_RESPONSES.length)]
    : response
  if (found === undefined || '$ref' in found) throw new Error('A response is not in the document.')
  const headers: NonNullable<OpenAPIV3_1.ResponseObject['headers']> = {}
  for (const [name, header] of Object.entries(found.headers ?? {}))
    headers[name] = '$ref' in header ? components.headers?.[name] ?? header : header
  return { ...found, headers }
}
