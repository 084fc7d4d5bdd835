/** Describes the server: collects the routes that are registered after it, and builds the documents from them. */
import swagger from '@fastify/swagger'
import fastifyPlugin from 'fastify-plugin'
import { faceOf, type MountedFace } from '../http/face.ts'
import { createDocuments, type Documents } from './documents.ts'
import { once } from './once.ts'
import { openApiOptions } from './openapi.ts'
import { type DescribedRoute, describedBy } from './route.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The documents, built when they are first requested, so that the start does not wait for them. */
    documents: () => Documents
  }
}

/** Options of the description. */
export type DescriptionOptions = {
  faces: readonly MountedFace[]
  /** The groups of routes in their order, with their descriptions. */
  tags: Readonly<Record<string, string>>
}

export default fastifyPlugin<DescriptionOptions>(
  async (app, { faces, tags }) => {
    const routes: DescribedRoute[] = []
    await app.register(swagger, openApiOptions({ faces, tags }))
    app.addHook('onRoute', (route) => {
      const described = describedBy(route, faceOf(faces, route.url))
      if (described !== undefined) routes.push(described)
    })
    app.decorate('documents', once(() => createDocuments(app.swagger(), { routes, faces })))
  },
  { name: 'description', fastify: '5.x' }
)
