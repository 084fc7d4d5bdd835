/** The description of this server: `/openapi.json`, `/asyncapi.json`, and both as a page at `/docs`. */
import type { FastifyInstance, RouteOptions } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { IsSchema, type TSchema } from 'typebox'
import { handleError } from '../chatcli/errors.ts'
import { createDocuments, type Documents } from './documents.ts'
import type { DescribedRoute } from './openapi.ts'
import { ASYNCAPI, DOCS, OPENAPI } from './operations.ts'
import { DOCS_HEADERS } from './page/layout.ts'
import { docsPage } from './page/page.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The documents, made when they are first asked for: nobody should start more slowly for them. */
    documents: () => Documents
  }
}

/** Describes every route that is registered after it, and serves that. */
export default fastifyPlugin(
  async (app) => {
    const routes: DescribedRoute[] = []
    app.addHook('onRoute', (route) => {
      routes.push(...describedBy(route))
    })
    app.decorate(
      'documents',
      lazily(() => createDocuments(routes))
    )
    await app.register(serve)
  },
  { name: 'description', dependencies: ['services'], fastify: '5.x' }
)

async function serve (app: FastifyInstance): Promise<void> {
  app.setErrorHandler(handleError)
  const openapi = lazily(() => JSON.stringify(app.documents().openapi))
  const asyncapi = lazily(() => JSON.stringify(app.documents().asyncapi))
  const page = lazily(() => docsPage(app.documents()))
  app.get('/openapi.json', { config: { operation: OPENAPI } }, async (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(openapi())
  )
  app.get('/asyncapi.json', { config: { operation: ASYNCAPI } }, async (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(asyncapi())
  )
  app.get('/docs', { config: { operation: DOCS } }, async (_request, reply) => reply.headers(DOCS_HEADERS).send(page()))
}

/** The methods of a route, as far as they say what they do; HEAD goes without saying. */
function describedBy ({ method, url, schema, config }: RouteOptions): DescribedRoute[] {
  const operation = config?.operation
  if (operation === undefined) return []
  // Both spellings are served; this is the one that is shown.
  const path = url === '/' ? url : url.replace(/\/$/, '')
  return [method]
    .flat()
    .filter((name) => name !== 'HEAD')
    .map((name) => ({
      method: name,
      path,
      operation,
      params: schemaOf(schema?.params),
      body: schemaOf(schema?.body),
      query: schemaOf(schema?.querystring),
      isRateLimited: config?.rateLimit !== undefined && config.rateLimit !== false,
      isOperational: config?.isOperational === true
    }))
}

function schemaOf (schema: unknown): TSchema | undefined {
  return IsSchema(schema) ? schema : undefined
}

function lazily<Value> (make: () => Value): () => Value {
  let made: { value: Value } | undefined
  return () => (made ??= { value: make() }).value
}
