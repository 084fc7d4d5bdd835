/** The page at `/docs`, made of the two documents and the catalogue of errors. */
import { html, type Html } from '../../pages/html.ts'
import type { CloseDescription, Introduction, SocketDescription } from '../../http/face.ts'
import { type AsyncApi, framesOf, type MessageObject } from '../asyncapi.ts'
import type { Documents } from '../documents.ts'
import { errorForm } from '../error-catalogue.ts'
import { readSchema } from '../json-schema.ts'
import type { OpenApi } from '../openapi.ts'
import { type Contents, layOut } from './layout.ts'
import { type Located, operationArticle, operationsOf } from './operation.ts'
import { anchored, example, prose } from './prose.ts'
import { fields, shapeId, type Writer } from './schema.ts'

/** A part of the page with its entry in the contents. */
type Part = { contents: Contents, content: Html }

/** Writes the page. @param url the address of the server, for the examples */
export function docsPage (documents: Documents, url: string): string {
  const { openapi, asyncapi, routes, faces } = documents
  const parts = [
    ...faces.flatMap(({ introduction }) => (introduction === undefined ? [] : [introductionPart(introduction(url))])),
    ...faces.flatMap(({ socket }) => socket ?? []).flatMap((socket, index) => socketParts(asyncapi, socket, index > 0)),
    ...openapi.tags.map(({ name, description = '' }) =>
      httpPart(name, description, operationsOf(openapi, routes, name), openapi)
    ),
    errorsPart(documents),
    shapesPart({ ...asyncapi.components.schemas, ...openapi.components.schemas })
  ]
  const { description = '', version } = openapi.info
  return layOut({
    contents: parts.map(({ contents }) => contents),
    content: html`<h1>The API of this server</h1>
<p class="lead">${prose(description.replace(' The WebSocket is described in `/asyncapi.json`.', ''))} Version ${version}.</p>
${parts.map(({ content }) => content)}`
  })
}

function part (id: string, title: string, lead: string, items: Contents['items'], content: Html): Part {
  return {
    contents: { id, title, items },
    content: html`<section aria-labelledby="${id}"><h2 id="${id}">${anchored(id, html`${title}`)}</h2>
<p class="lead">${prose(lead)}</p>
${content}</section>
`
  }
}

function introductionPart ({ title, lead, steps }: Introduction): Part {
  const items = steps.map((step) => ({ id: slug(step.title), title: step.title }))
  return part(
    slug(title),
    title,
    lead,
    items,
    html`${steps.map(
      (step) => html`<article id="${slug(step.title)}"><h3>${anchored(slug(step.title), html`${step.title}`)}</h3>
<p>${prose(step.text)}</p>
${step.examples.map(example)}</article>
`
    )}`
  )
}

function httpPart (name: string, description: string, operations: readonly Located[], openapi: OpenApi): Part {
  const items = operations.map(({ operationId, method, path }) => ({
    id: operationId,
    title: `${method.toUpperCase()} ${path}`
  }))
  return part(
    slug(name),
    name,
    description,
    items,
    html`${operations.map((located) => operationArticle(located, openapi))}`
  )
}

/** @param isNamed whether the titles say which socket it is */
function socketParts (asyncapi: AsyncApi, socket: SocketDescription, isNamed: boolean): Part[] {
  const { name, title, fromClient, fromServer } = socket
  const { address = '', 'x-close-codes': closes = [] } = asyncapi.channels[name] ?? {}
  const titled = (text: string) => (isNamed ? `${text}: ${title}` : text)
  return [
    framesPart(
      titled('Frames of a client'),
      `On the WebSocket at \`${address}\`. Every frame is one JSON object in a text message. ${fromClient.summary}`,
      'client',
      framesOf(asyncapi, fromClient)
    ),
    framesPart(titled('Frames of the server'), fromServer.summary, 'server', framesOf(asyncapi, fromServer)),
    closesPart(titled('Close codes'), closes)
  ]
}

function framesPart (title: string, lead: string, sender: Writer, frames: readonly MessageObject[]): Part {
  return part(
    slug(title),
    title,
    lead,
    frames.map(({ name }) => ({ id: frameId(sender, name), title: name })),
    html`${frames.map((frame) => frameArticle(frame, sender))}`
  )
}

const frameId = (sender: string, name: string) => `${sender}-${name}`

function frameArticle ({ name, summary, description, payload, examples }: MessageObject, sender: Writer): Html {
  const id = frameId(sender, name)
  return html`<article id="${id}"><h3><span class="method ${sender}">${sender === 'client' ? '→' : '←'}</span> ${anchored(id, html`<code>${name}</code>`)}</h3>
<p class="summary">${prose(summary)}</p>
${description === undefined ? html`` : html`<p>${prose(description)}</p>`}
${fields(payload, sender)}${examples.map((shown) => example(JSON.stringify(shown.payload)))}</article>
`
}

function closesPart (title: string, closes: readonly CloseDescription[]): Part {
  const rows = closes.map(({ code, meaning, comeBack }) => [
    html`<code>${code}</code>`,
    prose(meaning),
    prose(comeBack)
  ])
  return part(
    slug(title),
    title,
    'Why a socket was closed, and whether to open another.',
    [],
    table(['Code', 'Meaning', 'Come back?'], rows)
  )
}

function errorsPart ({ errors, faces }: Documents): Part {
  const names = faces.map(({ name }) => name)
  const rows = errors.map(({ code, meaning, status, isInFrames, isRetryable }) => [
    html`<code>${code}</code>`,
    ...names.map((name) => html`${status.get(name) ?? '—'}`),
    html`${isInFrames ? 'yes' : '—'}`,
    html`${isRetryable ? 'later' : 'no'}`,
    html`${meaning}`
  ])
  const forms = faces.map(({ name, encodeError }) => `${name}: \`${errorForm(encodeError)}\``)
  return part(
    'errors',
    'Errors',
    'Their stable names, with the HTTP status in each dialect, and whether they occur in frames. ' +
    `${forms.join('; ')}.`,
    [],
    table(['Code', ...names, 'Frames', 'Retry?', 'Meaning'], rows)
  )
}

function shapesPart (schemas: Readonly<Record<string, unknown>>): Part {
  const entries = Object.entries(schemas)
  return part(
    'shapes',
    'Shapes',
    'Schemas that several answers share.',
    entries.map(([name]) => ({ id: shapeId(name), title: name })),
    html`${entries.map(
      ([
        name,
        schema
      ]) => html`<article id="${shapeId(name)}"><h3>${anchored(shapeId(name), html`<code>${name}</code>`)}</h3>
${fields(readSchema(schema), 'server')}</article>
`
    )}`
  )
}

function table (titles: readonly string[], rows: readonly (readonly Html[])[]): Html {
  return html`<div class="table" tabindex="0"><table><thead><tr>${titles.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead>
<tbody>${rows.map(
  (cells) => html`<tr>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>
`
)}</tbody></table></div>`
}

function slug (title: string): string {
  return title.toLowerCase().replace(/[^a-z]+/g, '-')
}
