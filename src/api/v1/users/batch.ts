/** `POST /v1/users:batch`. */
import Type, { type Static } from 'typebox'
import { USER_ID_PATTERN } from '../../../domain/accounts/user-id.ts'
import { asChatError, ChatError, RETRYABLE } from '../../../domain/errors.ts'
import { json } from '../../http/answers.ts'
import { servicesOf } from '../../http/idempotency.ts'
import type { Scope } from '../../http/scope.ts'
import type { UnitServices } from '../../../server/services.ts'
import { problem, ProblemSchema, STATUS } from '../problem.ts'
import { USERS } from '../tags.ts'
import { encodeUser, EXAMPLE_USER, PROFILE_FIELDS, UserSchema } from '../user.ts'

const MAX_USERS = 100

const Entry = Type.Object(
  { id: Type.String({ pattern: USER_ID_PATTERN }), ...PROFILE_FIELDS },
  { additionalProperties: false }
)
const Item = Type.Union([Type.Object({ user: UserSchema }), Type.Object({ problem: ProblemSchema })])

/** Creates or replaces users. */
export function batch (app: Scope): void {
  app.post(
    '::batch',
    {
      schema: {
        operationId: 'putUsers',
        tags: [USERS],
        summary: 'Create or replace up to 100 users of your application',
        description: 'Each by itself: one that fails has a problem in its place. The order is that of the request.',
        body: Type.Object(
          { users: Type.Array(Entry, { minItems: 1, maxItems: MAX_USERS }) },
          { additionalProperties: false, examples: [{ users: [{ id: 'user-17', name: 'Ann Example' }] }] }
        ),
        response: {
          200: json('What became of each.', Type.Object({ items: Type.Array(Item) }), {
            items: [{ user: EXAMPLE_USER }]
          })
        }
      }
    },
    async (request) => {
      const { users } = servicesOf(request)
      const items = new Map<Static<typeof Entry>, Static<typeof Item>>()
      // In one order, so that no two requests wait for each other in a circle.
      for (const entry of request.body.users.toSorted((one, other) => (one.id < other.id ? -1 : 1)))
        items.set(entry, await putOne(users, entry, app.config.publicUrl))
      return { items: request.body.users.flatMap((entry) => items.get(entry) ?? []) }
    }
  )
}

async function putOne (
  users: UnitServices['users'], { id, ...profile }: Static<typeof Entry>, publicUrl: string
): Promise<Static<typeof Item>> {
  try {
    return { user: encodeUser((await users.put(id, profile)).user) }
  } catch (error) {
    if (!(error instanceof ChatError) || RETRYABLE.has(error.code)) throw error
    const { code, message } = asChatError(error)
    return { problem: problem({ code, message }, { status: STATUS[code], publicUrl, requestId: undefined }) }
  }
}
