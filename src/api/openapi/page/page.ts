/** The page at `/docs`, made of the two documents and the catalogue of errors. */
import { html, type Html } from '../../pages/html.ts'
import { type AsyncApi, framesOf, type MessageObject } from '../asyncapi.ts'
import type { Documents } from '../documents.ts'
import { type ErrorEntry, listErrors } from '../error-catalogue.ts'
import type { JsonSchema } from '../json-schema.ts'
import type { OpenApi } from '../openapi.ts'
import { type Contents, layOut } from './layout.ts'
import { idOf, isOfTag, type Located, locate, operationArticle } from './operation.ts'
import { anchored, example, prose } from './prose.ts'
import { fields, shapeId, type Writer } from './schema.ts'

/** A part of the page with its entry in the contents. */
type Part = { contents: Contents, content: Html }

/** Writes the page. */
export function docsPage ({ openapi, asyncapi, routes }: Documents): string {
  const operations = locate(openapi)
  const parts = [
    ...openapi.tags.map(({ name, description }) =>
      httpPart(
        name,
        description,
        operations.filter((located) => isOfTag(located, name)),
        openapi
      )
    ),
    framesPart(asyncapi, 'fromClient', 'client', 'Frames of a client'),
    framesPart(asyncapi, 'fromServer', 'server', 'Frames of the server'),
    closesPart(asyncapi),
    errorsPart(listErrors(routes)),
    shapesPart(openapi.components.schemas)
  ]
  return layOut({
    contents: parts.map(({ contents }) => contents),
    content: html`<h1>The API of this server</h1>
<p class="lead">${prose(openapi.info.description.replace(' What happens on the WebSocket is in `/asyncapi.json`.', ''))} Version ${openapi.info.version}.</p>
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

function httpPart (name: string, description: string, operations: readonly Located[], openapi: OpenApi): Part {
  const items = operations.map((located) => ({
    id: idOf(located),
    title: `${located.method.toUpperCase()} ${located.path}`
  }))
  return part(
    slug(name),
    name,
    description,
    items,
    html`${operations.map((located) => operationArticle(located, openapi))}`
  )
}

function framesPart (asyncapi: AsyncApi, way: 'fromClient' | 'fromServer', sender: Writer, title: string): Part {
  const frames = framesOf(asyncapi, way)
  const lead =
    way === 'fromClient'
      ? 'On the WebSocket at `/ws`. Every frame is one JSON object in a text message; the first is `auth`.'
      : 'What a client does not ask for, by a `ref`, an `after` or an `epoch`, it is not sent.'
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

function closesPart ({ channels }: AsyncApi): Part {
  const rows = channels.ws['x-close-codes'].map(({ code, meaning, comeBack }) => [
    html`<code>${code}</code>`,
    prose(meaning),
    prose(comeBack)
  ])
  return part(
    'close-codes',
    'Close codes',
    'Why a socket was closed, and whether to open another.',
    [],
    table(['Code', 'Meaning', 'Come back?'], rows)
  )
}

function errorsPart (entries: readonly ErrorEntry[]): Part {
  const rows = entries.map(({ code, meaning, chatcli, emotechat, isInFrames, isRetryable }) => [
    html`<code>${code}</code>`,
    html`${chatcli ?? '—'}`,
    html`${emotechat ?? '—'}`,
    html`${isInFrames ? 'yes' : '—'}`,
    html`${isRetryable ? 'later' : 'no'}`,
    html`${meaning}`
  ])
  return part(
    'errors',
    'Errors',
    'Their stable names, with the HTTP status in each dialect, and whether they are told in frames. EmoteChat ' +
    'tells the sentence alone.',
    [],
    table(['Code', 'ChatCLI', 'EmoteChat', 'Frames', 'Retry?', 'Meaning'], rows)
  )
}

function shapesPart (schemas: Readonly<Record<string, JsonSchema>>): Part {
  const entries = Object.entries(schemas)
  return part(
    'shapes',
    'Shapes',
    'What several answers have in common.',
    entries.map(([name]) => ({ id: shapeId(name), title: name })),
    html`${entries.map(
      ([
        name,
        schema
      ]) => html`<article id="${shapeId(name)}"><h3>${anchored(shapeId(name), html`<code>${name}</code>`)}</h3>
${fields(schema, 'server')}</article>
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
