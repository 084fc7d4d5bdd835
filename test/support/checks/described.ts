/**
 * Holds every answer and every frame that a test sees against what the server says of itself: the copies in `docs`,
 * which are those that are served. A status, a field or a type that is not described is an error.
 */
import { readFileSync } from 'node:fs'
import Schema from 'typebox/schema'
import type { Answer } from '../clients/http.ts'
import type { Scope } from '../scope.ts'
import { at, fieldsOf, isRecord, listAt, valuesOf } from '../data/json.ts'

type Validator = {
  Check: (value: unknown) => boolean
  Errors: (value: unknown) => [boolean, { instancePath: string, message: string }[]]
}

const HTML = 'text/html'
const JSON_TYPE = 'application/json'
/** An answer that carries one of them says so. */
const DESCRIBED_HEADERS = ['ratelimit', 'ratelimit-policy', 'retry-after']
const JSON_TYPES = [JSON_TYPE, 'application/problem+json']
/** Statuses of refusals before a route is found, in the form of any face. */
const WITHOUT_ROUTE = [400, 403, 404, 405, 413, 415, 503]
/** Codes that are no word of the server: the answer to a client's own close, and the lack of one. */
const CLOSED_BY_CLIENT = [1000, 1005, 1006]
/** From here on codes belong to programs; the client library has one. */
const FIRST_PRIVATE_CODE = 4_000

const read = (name: string): unknown => JSON.parse(readFileSync(`${process.cwd()}/docs/reference/${name}`, 'utf8'))
const openapi = read('openapi.json')
const asyncapi = read('asyncapi.json')
/** Paths with parameters, and the form of URLs that have them: `{path}` is the rest of a URL. */
const openPaths = fieldsOf(at(openapi, 'paths'))
  .filter((path) => path.includes('{'))
  .map((path) => ({ path, form: new RegExp(`^${path.replace('{path}', '.*').replace(/\{\w+\}/g, '[^/:]*')}$`) }))
const closeCodes = valuesOf(at(asyncapi, 'channels'))
  .flatMap((channel) => listAt(channel, 'x-close-codes'))
  .map((close) => at(close, 'code'))
const frames = valuesOf(at(asyncapi, 'operations'))
  .filter((operation) => at(operation, 'action') === 'send')
  .flatMap((operation) => listAt(operation, 'messages'))
  .map((message) => at(asyncapi, 'components', 'messages', nameIn(message), 'payload'))

const compiled = new Map<string, Validator>()
const complaints: string[] = []

/** How many scopes deal with servers that describe themselves in another way. */
let foreign = 0

/** Until the scope ends nothing is held against the documents: servers of another build have their own. */
export function meetAnotherBuild (scope: Scope): void {
  foreign++
  scope.teardown(() => foreign--)
}

/** The deviations from the documents that this process has seen. */
export function undescribed (): readonly string[] {
  return complaints
}

/** @throws when this is no answer that the server says it gives */
export function checkAnswer (url: string, method: string, answer: Answer): void {
  complainIf(problemWithAnswer(new URL(url).pathname, method, answer))
}

/** @throws when this is no frame that the server says it sends */
export function checkFrame (frame: unknown): void {
  complainIf(problemWithFrame(frame))
}

/** @throws when this is no code that the server says it closes with */
export function checkClose (code: number): void {
  const isClients = CLOSED_BY_CLIENT.includes(code) || code >= FIRST_PRIVATE_CODE
  if (!isClients && !closeCodes.includes(code))
    complainIf(`A socket was closed with ${String(code)}, which is not described`)
}

/** Returns how an answer deviates from the documents; undefined if it does not. */
export function problemWithAnswer (
  pathname: string,
  method: string,
  { status, headers, body, text }: Answer
): string | undefined {
  if (foreign > 0) return undefined
  // A preflight has no body, and HEAD answers like GET without one.
  if (method === 'OPTIONS' || method === 'HEAD') return undefined
  const path = pathname === '/' ? pathname : pathname.replace(/\/$/, '')
  const operation = at(
    openapi,
    'paths',
    openPaths.find(({ form }) => form.test(path))?.path ?? path,
    method.toLowerCase()
  )
  const said = `${method} ${path} answered ${String(status)} ${text.slice(0, 300)}`
  if (isWaiting(status, body)) return undefined
  if (operation === undefined) {
    // To a browser that was led astray.
    if (method === 'GET' && status === 404 && headers.get('content-type')?.startsWith(HTML) === true) return undefined
    const isRefusal =
      WITHOUT_ROUTE.includes(status) &&
      Object.entries(REFUSALS).some(
        ([name, schema]) => problemWith(`refusal ${name}`, () => schema, body) === undefined
      )
    return isRefusal ? undefined : `${said}, which is described nowhere`
  }
  const response = resolved(at(operation, 'responses', String(status)))
  if (response === undefined) return `${said}, a status that is not described`
  const header = DESCRIBED_HEADERS.find((name) => headers.has(name) && at(response, 'headers', name) === undefined)
  if (header !== undefined) return `${said}, with the header "${header}", which is not described`
  if (text === '' && at(response, 'content') === undefined) return undefined
  const type = (headers.get('content-type') ?? '').split(';')[0] ?? ''
  const schema = at(response, 'content', type, 'schema')
  if (schema === undefined) return `${said}, of the type "${type}", which is not described`
  const problem =
    type === HTML
      ? undefined
      : problemWith(
          `${method} ${path} ${String(status)} ${type}`,
          () => schema,
          JSON_TYPES.includes(type) ? body : text
        )
  return problem === undefined ? undefined : `${said}, which is not as described: ${problem}`
}

/** A replica that starts, or waits for its database or its tables, answers whatever it is asked like `/readyz`. */
function isWaiting (status: number, body: unknown): boolean {
  return (
    status === 503 &&
    (at(body, 'status') === 'starting' || at(body, 'status') === 'unavailable') &&
    problemWith(
      'waiting',
      () => at(openapi, 'paths', '/readyz', 'get', 'responses', '503', 'content', JSON_TYPE, 'schema'),
      body
    ) === undefined
  )
}

/** Returns how a frame deviates from the documents; undefined if it does not. */
export function problemWithFrame (frame: unknown): string | undefined {
  if (foreign > 0) return undefined
  const type = at(frame, 'type')
  // Load tests receive many frames: the validator is cached by their type.
  const problem = problemWith(
    `frame ${String(type)}`,
    () => ({ anyOf: frames.filter((schema) => at(schema, 'properties', 'type', 'const') === type) }),
    frame
  )
  return problem === undefined
    ? undefined
    : `The frame ${JSON.stringify(frame).slice(0, 300)} is not as described: ${problem}`
}

/** The deviation is recorded as well as thrown, since code that polls may swallow the error. */
function complainIf (problem: string | undefined): void {
  if (problem === undefined) return
  complaints.push(problem)
  throw new Error(problem)
}

const TEXT = { type: 'string' }
const REFUSALS: Record<string, object> = {
  ChatCLI: {
    type: 'object',
    properties: { status: { const: 'error' }, message: TEXT, response: { const: '' }, code: TEXT },
    required: ['status', 'message', 'response', 'code']
  },
  EmoteChat: { type: 'object', properties: { message: TEXT }, required: ['message'] },
  Confab: {
    type: 'object',
    properties: {
      type: TEXT,
      title: TEXT,
      status: { type: 'integer' },
      detail: TEXT,
      code: TEXT,
      retryable: { type: 'boolean' },
      request_id: TEXT,
      errors: { type: 'array' }
    },
    required: ['type', 'title', 'status', 'detail', 'code', 'retryable']
  }
}

function problemWith (name: string, schemaOf: () => unknown, value: unknown): string | undefined {
  const validator = validatorOf(name, schemaOf)
  if (validator.Check(value)) return undefined
  const [, errors] = validator.Errors(value)
  return errors
    .slice(0, 4)
    .map(({ instancePath, message }) => `${instancePath} ${message}`.trim())
    .join('; ')
}

/** Compiles a validator on first use: most tests see few routes. */
function validatorOf (name: string, schemaOf: () => unknown): Validator {
  let validator = compiled.get(name)
  if (validator === undefined) {
    validator = Schema.Compile(strict(schemaOf()))
    compiled.set(name, validator)
  }
  return validator
}

/** The schema with its references resolved, and without additional properties. */
function strict (schema: unknown): Record<string, unknown> {
  if (!isRecord(schema)) throw new Error(`This is no schema: ${JSON.stringify(schema)}`)
  const { $ref } = schema
  if (typeof $ref === 'string') return strict(resolved(schema))
  const inside = Object.fromEntries(
    Object.entries(schema).map(([keyword, value]) => {
      if (keyword === 'properties' && isRecord(value))
        return [keyword, Object.fromEntries(Object.entries(value).map(([name, field]) => [name, strict(field)]))]
      if (keyword === 'anyOf' && Array.isArray(value)) return [keyword, value.map(strict)]
      return [keyword, keyword === 'items' ? strict(value) : value]
    })
  )
  return 'properties' in schema ? { ...inside, additionalProperties: false } : inside
}

/** Resolves a reference into either document. */
function resolved (value: unknown): unknown {
  const $ref = at(value, '$ref')
  if (typeof $ref !== 'string') return value
  const path = $ref.slice('#/'.length).split('/')
  return at(openapi, ...path) ?? at(asyncapi, ...path)
}

function nameIn (reference: unknown): string {
  const $ref = String(at(reference, '$ref'))
  return $ref.slice($ref.lastIndexOf('/') + 1)
}
