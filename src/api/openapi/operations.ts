/** What the routes that describe this server say of themselves. */
import Type from 'typebox'
import { operation, htmlPage } from '../chatcli/operation.ts'
import type { Operation } from './operation.ts'

const tag = 'Description'

const documented = (id: string, summary: string): Operation =>
  operation({
    id,
    tag,
    summary,
    answers: { 200: { description: 'The document.', content: { 'application/json': { schema: Type.Unknown() } } } },
    errors: []
  })

export const OPENAPI = documented('openapi', 'The HTTP API, as OpenAPI 3.1')
export const ASYNCAPI = documented('asyncapi', 'The WebSocket, as AsyncAPI 3')
export const DOCS = operation({
  id: 'docs',
  tag,
  summary: 'Both as a page',
  answers: { 200: htmlPage('The page.') },
  errors: []
})
