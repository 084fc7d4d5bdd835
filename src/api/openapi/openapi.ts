/**
 * The OpenAPI 3.1 document, made from what the routes say of themselves. It is made here and not by a library, because
 * it must say what holds for every route of a dialect (how errors are told, what a session, a body or a rate brings
 * with it) without each route repeating it, and because its schemas are those of the frames, too.
 */
import type { TSchema } from 'typebox'
import { ERRORS, type ErrorCode } from '../../domain/errors.ts'
import { type JsonSchema, SchemaCollection } from './json-schema.ts'
import type { Answer, Content, MediaType, Operation } from './operation.ts'

/** A route as it was registered. `params`, `body` and `query` are what Fastify holds requests against. */
export type DescribedRoute = {
  method: string
  path: string
  operation: Operation
  params: TSchema | undefined
  body: TSchema | undefined
  query: TSchema | undefined
  isRateLimited: boolean
  isOperational: boolean
}

/** A body in one form. */
export type MediaObject = { schema: JsonSchema, example?: unknown }
/** A header of an answer. */
export type HeaderObject = { description: string, schema: JsonSchema }
/** An answer. */
export type ResponseObject = {
  description: string
  headers?: Record<string, HeaderObject>
  content?: Record<string, MediaObject>
}
/** A part of the path, or a field of the query. */
export type ParameterObject = {
  name: string
  in: 'path' | 'query'
  required: boolean
  description?: string
  schema: JsonSchema
}
/** One method of one path. */
export type OperationObject = {
  operationId: string
  tags: string[]
  summary: string
  description?: string
  security: Record<string, string[]>[]
  parameters?: ParameterObject[]
  requestBody?: { required: boolean, content: Record<string, MediaObject> }
  responses: Record<string, ResponseObject | { $ref: string }>
}
/** The document. */
export type OpenApi = {
  openapi: '3.1.0'
  info: {
    title: string
    version: string
    summary: string
    description: string
    license: { name: string, identifier: string }
  }
  servers: { url: string, description: string }[]
  tags: { name: string, description: string }[]
  paths: Record<string, Record<string, OperationObject>>
  components: {
    securitySchemes: Record<string, { type: 'http', scheme: 'bearer', bearerFormat: string, description: string }>
    schemas: Record<string, JsonSchema>
    responses: Record<string, ResponseObject>
  }
}

const RETRYABLE_STATUSES: readonly number[] = [429, 503]
/** What Fastify calls the rest of a path, and what it is called here. */
const WILDCARD = '*'
const REST = 'path'
const REF_TO_RESPONSES = '#/components/responses/'

/** Makes the document. The routes come in the order in which they are shown. */
export function describeHttp (
  routes: readonly DescribedRoute[],
  { version, tags }: { version: string, tags: Readonly<Record<string, string>> }
): OpenApi {
  const schemas = new SchemaCollection()
  const responses: Record<string, ResponseObject> = {}
  const paths: OpenApi['paths'] = {}
  for (const route of routes)
    (paths[templateOf(route.path)] ??= {})[route.method.toLowerCase()] = describeRoute(route, schemas, responses)
  return {
    openapi: '3.1.0',
    info: {
      title: 'Confab',
      version,
      summary: 'A self-hosted real-time chat backend.',
      description:
        'Two dialects over the same accounts, chats and messages: ChatCLI at the root, EmoteChat under `/api`. ' +
        'Unknown fields of a request are ignored. What happens on the WebSocket is in `/asyncapi.json`.',
      license: { name: 'MIT', identifier: 'MIT' }
    },
    servers: [{ url: '/', description: 'This server' }],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description:
            'The token of a login. ChatCLI also takes it from the body, as `session_token`, which comes first.'
        }
      },
      schemas: sorted(schemas.schemas),
      responses: sorted(responses)
    }
  }
}

function describeRoute (
  route: DescribedRoute,
  schemas: SchemaCollection,
  responses: Record<string, ResponseObject>
): OperationObject {
  const { id, tag, summary, description, session } = route.operation
  const parameters = [
    ...describeParameters('path', route.params, schemas),
    ...describeParameters('query', route.operation.query ?? route.query, schemas)
  ]
  const requestBody = describeBody(route, schemas)
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    security: session === undefined ? [] : session === 'header' ? [{ bearer: [] }] : [{ bearer: [] }, {}],
    ...(parameters.length > 0 && { parameters }),
    ...(requestBody !== undefined && { requestBody }),
    responses: {
      ...Object.fromEntries(
        Object.entries(route.operation.answers).map(([status, answer]) => [status, describeAnswer(answer, schemas)])
      ),
      ...describeRefusals(route, schemas, responses)
    }
  }
}

function describeParameters (
  place: ParameterObject['in'],
  schema: TSchema | undefined,
  schemas: SchemaCollection
): ParameterObject[] {
  if (schema === undefined) return []
  const { properties = {}, required = [] } = schemas.add(schema)
  return Object.entries(properties).map(([name, { description, ...field }]) => ({
    name: name === WILDCARD ? REST : name,
    in: place,
    required: required.includes(name) && field.default === undefined,
    ...(description !== undefined && { description }),
    schema: field
  }))
}

/** The path of a route in the words of OpenAPI, which has none for a path that goes on. */
export function templateOf (path: string): string {
  return path.replace(WILDCARD, `{${REST}}`)
}

function describeBody (
  { operation: { consumes, optionalBody, example }, body }: DescribedRoute,
  schemas: SchemaCollection
): OperationObject['requestBody'] {
  const schema = body ?? optionalBody
  if (schema === undefined) return undefined
  const plain = schemas.add(schema)
  // What has a default is filled in before it is asked for.
  const required = plain.required?.filter((name) => plain.properties?.[name]?.default === undefined)
  const media: MediaObject = {
    schema: { ...plain, ...(required !== undefined && { required }) },
    ...(example !== undefined && { example })
  }
  return { required: body !== undefined, content: Object.fromEntries(consumes.map((type) => [type, media])) }
}

function describeAnswer ({ description, content, headers = {} }: Answer, schemas: SchemaCollection): ResponseObject {
  const forms = Object.entries(content)
  return {
    description,
    ...(Object.keys(headers).length > 0 && {
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, meaning]) => [name, { description: meaning, schema: { type: 'string' } }])
      )
    }),
    ...(forms.length > 0 && {
      content: Object.fromEntries(forms.map(([type, form]) => [type, describeForm(form, schemas)]))
    })
  }
}

function describeForm ({ schema, example }: NonNullable<Content[MediaType]>, schemas: SchemaCollection): MediaObject {
  return { schema: schemas.add(schema), ...(example !== undefined && { example }) }
}

/** One answer for each status; routes that refuse alike share it. */
function describeRefusals (
  route: DescribedRoute,
  schemas: SchemaCollection,
  responses: Record<string, ResponseObject>
): OperationObject['responses'] {
  const { refusals } = route.operation
  const byStatus = new Map<number, ErrorCode[]>()
  for (const code of errorsOf(route))
    byStatus.set(refusals.status[code], [...(byStatus.get(refusals.status[code]) ?? []), code])
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => {
      const name = [refusals.form, ...codes].join('.')
      responses[name] ??= describeAnswer(
        {
          description: codes.map((code) => `\`${code}\`: ${ERRORS[code]}`).join('\n\n'),
          content: refusals.content(codes),
          ...(RETRYABLE_STATUSES.includes(status) && { headers: { 'retry-after': 'When to come back, in seconds.' } })
        },
        schemas
      )
      return [String(status), { $ref: REF_TO_RESPONSES + name }]
    })
  )
}

/** Every error of a route, with those that its rate, session and body bring with them. */
export function errorsOf ({
  operation: { session, errors },
  method,
  isRateLimited,
  isOperational
}: DescribedRoute): ErrorCode[] {
  const all = new Set<ErrorCode>(errors)
  if (method === 'POST')
    for (const code of ['invalid_input', 'body_too_large', 'unsupported_media_type'] as const) all.add(code)
  if (session !== undefined) for (const code of ['unauthenticated', 'unavailable'] as const) all.add(code)
  if (isRateLimited) all.add('rate_limited')
  if (!isOperational) all.add('over_capacity')
  // A form is refused by where it comes from, whatever the route does with it.
  all.add('foreign_origin').add('internal')
  return [...all].sort()
}

/** The answer that is meant, wherever it is written. */
export function resolveResponse ({ components }: OpenApi, response: ResponseObject | { $ref: string }): ResponseObject {
  if (!('$ref' in response)) return response
  const found = components.responses[response.$ref.slice(REF_TO_RESPONSES.length)]
  if (found === undefined) throw new Error(`${response.$ref} is not in the document.`)
  return found
}

function sorted<Value> (record: Record<string, Value>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
}
