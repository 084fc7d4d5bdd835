/** `/openapi.json`, `/asyncapi.json`, and both as a page at `/docs`. */
import Type from 'typebox'
import { htmlPage } from '../http/answers.ts'
import type { Scope } from '../http/scope.ts'
import { DOCS_HEADERS } from './page/layout.ts'
import { docsPage } from './page/page.ts'
import { once } from './once.ts'

const DESCRIPTION = 'Description'

/** The group of these routes in the documents. */
export const DESCRIPTION_TAGS = { [DESCRIPTION]: 'This documentation.' }

const Document = { description: 'The document.', content: { 'application/json': { schema: Type.Unknown() } } }

/** Adds the routes. Each body is made when it is first requested. */
export default async function descriptionRoutes (app: Scope): Promise<void> {
  const bodies = {
    openapi: once(() => JSON.stringify(app.documents().openapi)),
    asyncapi: once(() => JSON.stringify(app.documents().asyncapi)),
    page: once(() => docsPage(app.documents()))
  }
  for (const [name, summary] of [
    ['openapi', 'The HTTP API, as OpenAPI 3.1'],
    ['asyncapi', 'The WebSocket, as AsyncAPI 3']
  ] as const) {
    app.get(
      `/${name}.json`,
      { schema: { operationId: name, tags: [DESCRIPTION], summary, response: { 200: Document } } },
      async (_request, reply) => reply.type('application/json; charset=utf-8').send(bodies[name]())
    )
  }
  app.get(
    '/docs',
    {
      schema: {
        operationId: 'docs',
        tags: [DESCRIPTION],
        summary: 'Both as a page',
        response: { 200: htmlPage('The page.') }
      }
    },
    async (_request, reply) => reply.headers(DOCS_HEADERS).send(bodies.page())
  )
}
