/** `/openapi.json`, `/asyncapi.json`, both as a page at `/docs`, and a page about each error. */
import Type from 'typebox'
import { ChatError } from '../../domain/errors.ts'
import { htmlPage } from '../http/answers.ts'
import type { Scope } from '../http/scope.ts'
import { errorPageOf } from './page/error-page.ts'
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
    page: once(() => docsPage(app.documents(), app.config.publicUrl))
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
  errorPage(app)
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

/** What the `type` of a problem points to. */
function errorPage (app: Scope): void {
  app.get(
    '/errors/:code',
    {
      config: { errors: ['unknown_route'] },
      schema: {
        operationId: 'errorPage',
        tags: [DESCRIPTION],
        summary: 'What an error means',
        params: Type.Object({ code: Type.String({ description: 'The stable name of the error.' }) }),
        response: { 200: htmlPage('The page.') }
      }
    },
    async (request, reply) => {
      const { faces, errors } = app.documents()
      const entry = errors.find(({ code }) => code === request.params.code)
      if (entry === undefined) throw new ChatError('unknown_route')
      return reply.headers(DOCS_HEADERS).send(errorPageOf(entry, faces))
    }
  )
}
