/** The documents that describe this server. */
import type { OpenAPI } from 'openapi-types'
import type { MountedFace } from '../http/face.ts'
import { type AsyncApi, describeSockets } from './asyncapi.ts'
import { type ErrorEntry, listErrors } from './error-catalogue.ts'
import { completeOpenApi, type OpenApi } from './openapi.ts'
import type { DescribedRoute } from './route.ts'

/** All documents, and what they were made of. */
export type Documents = {
  openapi: OpenApi
  asyncapi: AsyncApi
  errors: readonly ErrorEntry[]
  routes: readonly DescribedRoute[]
  faces: readonly MountedFace[]
}

/** Makes the documents. @param document what `@fastify/swagger` makes of the routes */
export function createDocuments (
  document: OpenAPI.Document,
  { routes, faces }: { routes: readonly DescribedRoute[], faces: readonly MountedFace[] }
): Documents {
  const openapi = completeOpenApi(document, routes)
  return {
    openapi,
    asyncapi: describeSockets(faces, openapi.info.version),
    errors: listErrors(routes, faces),
    routes,
    faces
  }
}
