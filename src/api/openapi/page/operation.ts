/** One operation of the HTTP API on the page. */
import type { OpenAPIV3_1 } from 'openapi-types'
import { html, type Html } from '../../pages/html.ts'
import { type JsonSchema, readSchema } from '../json-schema.ts'
import { type OpenApi, resolveResponse } from '../openapi.ts'
import type { DescribedRoute } from '../route.ts'
import { anchored, example, prose } from './prose.ts'
import { fields, typeOf, type Writer } from './schema.ts'

/** An operation and where it is. */
export type Located = Pick<DescribedRoute, 'operationId' | 'method' | 'path'> & {
  operation: OpenAPIV3_1.OperationObject
}
type Media = Readonly<Record<string, OpenAPIV3_1.MediaTypeObject>>

const FIRST_REFUSAL = 400
const NOTHING = html``

/** The operations of a tag, in their order. */
export function operationsOf ({ paths }: OpenApi, routes: readonly DescribedRoute[], tag: string): Located[] {
  return routes.flatMap(({ operationId, method, path }) => {
    const operation = paths[path]?.[method]
    return operation?.tags?.includes(tag) === true ? [{ operationId, method, path, operation }] : []
  })
}

/** Everything about an operation. */
export function operationArticle ({ operationId, method, path, operation }: Located, openapi: OpenApi): Html {
  const { summary = '', description, security = [], parameters = [], requestBody, responses = {} } = operation
  return html`<article id="${operationId}"><h3><span class="method ${method}">${method.toUpperCase()}</span> ${anchored(operationId, html`<code>${path}</code>`)}</h3>
<p class="summary">${prose(summary)}</p>
${description === undefined ? NOTHING : html`<p>${prose(description)}</p>`}
${security.length === 0 ? NOTHING : html`<p class="needs">Needs a session: ${prose(security.length > 1 ? '`session_token` in the body, or `Authorization: Bearer`' : '`Authorization: Bearer`')}.</p>`}
${parameters.length === 0 ? NOTHING : html`<h4>Parameters</h4>${fields(asFields(parameters), 'client')}`}
${requestBody === undefined || !('content' in requestBody) ? NOTHING : html`<h4>Body${requestBody.required === true ? NOTHING : html` (optional)`}</h4>${bodyOf(requestBody.content, 'client')}`}
<h4>Answers</h4>
${Object.entries(responses).map(([status, response]) => answer(status, resolveResponse(openapi, response)))}</article>
`
}

/** The parameters as the fields of an object. */
function asFields (parameters: NonNullable<OpenAPIV3_1.OperationObject['parameters']>): JsonSchema {
  const own = parameters.flatMap((parameter) => ('name' in parameter ? [parameter] : []))
  return {
    properties: Object.fromEntries(
      own.map(({ name, description, schema }) => [
        name,
        { ...readSchema(schema), ...(description !== undefined && { description }) }
      ])
    ),
    required: own.filter(({ required }) => required === true).map(({ name }) => name)
  }
}

/** The forms of a body have the same fields, or, as pages do, none. */
function bodyOf (content: Media, writer: Writer): Html {
  const { schema: described, example: shown } = withExample(content) ?? {}
  const schema = described === undefined ? undefined : readSchema(described)
  return html`<p class="needs">${Object.keys(content).join(' or ')}</p>
${schema?.items === undefined ? NOTHING : html`<p class="type">${typeOf(schema)}</p>`}${schema === undefined ? NOTHING : fields(schema, writer)}${shown === undefined ? NOTHING : example(shown)}`
}

function withExample (content: Media): { schema?: unknown, example?: unknown } | undefined {
  return Object.values(content).find((media) => media.example !== undefined)
}

function answer (status: string, response: OpenAPIV3_1.ResponseObject): Html {
  return Number(status) < FIRST_REFUSAL
    ? html`<details open><summary><span class="status">${status}</span><span class="codes">${prose(response.description)}</span></summary>
<div class="inside">${headersOf(response)}${bodyOf(response.content ?? {}, 'server')}</div></details>
`
    : refusal(status, response)
}

/** All refusals of a dialect have the same fields; what they say is of interest. */
function refusal (status: string, response: OpenAPIV3_1.ResponseObject): Html {
  const { description, content = {} } = response
  const codes = [...description.matchAll(/^`(\w+)`: /gm)].map(([, code = '']) => code)
  const shown = withExample(content)?.example
  return html`<details><summary><span class="status refused">${status}</span><span class="codes">${codes.length === 0 ? prose(description) : codes.join(', ')}</span></summary>
<div class="inside">${codes.length === 0 ? NOTHING : description.split('\n\n').map((line) => html`<p>${prose(line)}</p>`)}${headersOf(response)}<p class="needs">${Object.keys(content).join(' or ')}</p>${shown === undefined ? NOTHING : example(shown)}</div></details>
`
}

function headersOf ({ headers = {} }: OpenAPIV3_1.ResponseObject): Html {
  return html`${Object.entries(headers).map(([name, { description = '' }]) => html`<p class="needs">Header <code>${name}</code>: ${prose(description)}</p>`)}`
}
