/** Settings of the user that calls which say whether others may know something. */
import Type from 'typebox'
import { json, noBody } from '../http/answers.ts'
import { principalOf } from '../http/principals.ts'
import type { Scope } from '../http/scope.ts'

/** What others may know, in words, and where it is kept. */
export type SharingSettings = {
  path: string
  tag: string
  /** Ends the ids of the operations. */
  name: string
  /** What the others may know. */
  what: string
  /** Describes the field `shared`. */
  shared: string
  /** Describes the operation that sets it. */
  description: string
  isShared: (services: Scope['services'], userId: number) => Promise<boolean>
  share: (services: Scope['services'], userId: number, isShared: boolean) => Promise<void>
}

/** Makes the functions that add the two routes to a scope. */
export function createSharingRoutes (
  settings: SharingSettings
): { get: (app: Scope) => void, put: (app: Scope) => void } {
  const { path, tag, name, what, shared, description, isShared, share } = settings
  const fields = { shared: Type.Boolean({ description: shared }) }
  const config = { errors: ['user_required', 'insufficient_scope'] } as const
  return {
    get: (app) => app.get(
      path,
      {
        config,
        schema: {
          operationId: `get${name}`,
          tags: [tag],
          summary: `Get whether others may know ${what}`,
          response: { 200: json('The settings.', Type.Object(fields), { shared: true }) }
        }
      },
      async (request) => ({ shared: await isShared(app.services, principalOf(request).userId) })
    ),
    put: (app) => app.put(
      path,
      {
        config,
        schema: {
          operationId: `put${name}`,
          tags: [tag],
          summary: `Set whether others may know ${what}`,
          description,
          body: Type.Object(fields, { additionalProperties: false, examples: [{ shared: false }] }),
          response: { 204: noBody('It is set.') }
        }
      },
      async (request, reply) => {
        await share(app.services, principalOf(request).userId, request.body.shared)
        return reply.code(204).send(null)
      }
    )
  }
}
