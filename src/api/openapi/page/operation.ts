/** One operation of the HTTP API on the page. */
import { html, type Html } from '../../pages/html.ts'
import {
  type MediaObject,
  type OpenApi,
  type OperationObject,
  type ResponseObject,
  resolveResponse
} from '../openapi.ts'
import { anchored, example, prose } from './prose.ts'
import { fields, typeOf, type Writer } from './schema.ts'

/** An operation and where it is. */
export type Located = { method: string, path: string, operation: OperationObject }

const FIRST_REFUSAL = 400
const NOTHING = html``

/** Every operation of the document, in its order. */
export function locate ({ paths }: OpenApi): Located[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation }))
  )
}

/** Where an operation is on the page. */
export function idOf ({ operation }: Located): string {
  return operation.operationId
}

/** Whether an operation belongs to a tag. */
export function isOfTag ({ operation }: Located, tag: string): boolean {
  return operation.tags.includes(tag)
}

/** Everything about an operation. */
export function operationArticle (located: Located, openapi: OpenApi): Html {
  const {
    method,
    path,
    operation: { summary, description, security, parameters = [], requestBody, responses }
  } = located
  const id = idOf(located)
  return html`<article id="${id}"><h3><span class="method ${method}">${method.toUpperCase()}</span> ${anchored(id, html`<code>${path}</code>`)}</h3>
<p class="summary">${prose(summary)}</p>
${description === undefined ? NOTHING : html`<p>${prose(description)}</p>`}
${security.length === 0 ? NOTHING : html`<p class="needs">Needs a session: ${prose(security.length > 1 ? '`session_token` in the body, or `Authorization: Bearer`' : '`Authorization: Bearer`')}.</p>`}
${
  parameters.length === 0
    ? NOTHING
    : html`<h4>Parameters</h4>${fields(
      {
        properties: Object.fromEntries(
          parameters.map(({ name, description: meaning, schema }) => [
            name,
            { ...schema, ...(meaning !== undefined && { description: meaning }) }
          ])
        ),
        required: parameters.filter(({ required }) => required).map(({ name }) => name)
      },
      'client'
    )}`
}
${requestBody === undefined ? NOTHING : html`<h4>Body${requestBody.required ? NOTHING : html` (optional)`}</h4>${bodyOf(requestBody.content, 'client')}`}
<h4>Answers</h4>
${Object.entries(responses).map(([status, response]) => answer(status, resolveResponse(openapi, response)))}</article>
`
}

/** The forms of a body have the same fields, or, as pages do, none. */
function bodyOf (content: Readonly<Record<string, MediaObject>>, writer: Writer): Html {
  const { schema, example: shown } = Object.values(content).find((media) => media.example !== undefined) ?? {}
  return html`<p class="needs">${Object.keys(content).join(' or ')}</p>
${schema?.items === undefined ? NOTHING : html`<p class="type">${typeOf(schema)}</p>`}${schema === undefined ? NOTHING : fields(schema, writer)}${shown === undefined ? NOTHING : example(shown)}`
}

function answer (status: string, response: ResponseObject): Html {
  return Number(status) < FIRST_REFUSAL
    ? html`<details open><summary><span class="status">${status}</span><span class="codes">${prose(response.description)}</span></summary>
<div class="inside">${headersOf(response)}${bodyOf(response.content ?? {}, 'server')}</div></details>
`
    : refusal(status, response)
}

/** All refusals of a dialect have the same fields; what they say is of interest. */
function refusal (status: string, response: ResponseObject): Html {
  const { description, content = {} } = response
  const codes = [...description.matchAll(/^`(\w+)`: /gm)].map(([, code = '']) => code)
  const shown = Object.values(content).find((media) => media.example !== undefined)?.example
  return html`<details><summary><span class="status refused">${status}</span><span class="codes">${codes.length === 0 ? prose(description) : codes.join(', ')}</span></summary>
<div class="inside">${codes.length === 0 ? NOTHING : description.split('\n\n').map((line) => html`<p>${prose(line)}</p>`)}${headersOf(response)}<p class="needs">${Object.keys(content).join(' or ')}</p>${shown === undefined ? NOTHING : example(shown)}</div></details>
`
}

function headersOf ({ headers = {} }: ResponseObject): Html {
  return html`${Object.entries(headers).map(([name, { description }]) => html`<p class="needs">Header <code>${name}</code>: ${prose(description)}</p>`)}`
}
