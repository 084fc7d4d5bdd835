/** `POST /v1/users:batch`. */
import Type, { type Static, type TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { USER_ID_PATTERN } from '../../../domain/accounts/user-id.ts'
import { ChatError, type FieldFault, RETRYABLE } from '../../../domain/errors.ts'
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
/** Entries are checked one by one: a bad one is refused in its place. */
const bodyOf = <Users extends TSchema>(users: Users) => Type.Object(
  { users: Type.Array(users, { minItems: 1, maxItems: MAX_USERS }) },
  { additionalProperties: false, examples: [{ users: [{ id: 'user-17', name: 'Ann Example' }] }] }
)
const form = Compile(Entry)
const Item = Type.Union([Type.Object({ user: UserSchema }), Type.Object({ problem: ProblemSchema })])

/** Creates or replaces users. */
export function batch (app: Scope): void {
  app.post(
    '::batch',
    {
      config: { described: { body: bodyOf(Entry) } },
      schema: {
        operationId: 'putUsers',
        tags: [USERS],
        summary: 'Create or replace up to 100 users of your application',
        description: 'Each by itself: one that fails has a problem in its place. The order is that of the request.',
        body: bodyOf(Type.Unknown()),
        response: {
          200: json('What became of each.', Type.Object({ items: Type.Array(Item) }), {
            items: [{ user: EXAMPLE_USER }]
          })
        }
      }
    },
    async (request) => {
      const { users } = servicesOf(request)
      const { publicUrl } = app.config
      const [items, entries] = [new Map<number, Static<typeof Item>>(), new Map<number, Static<typeof Entry>>()]
      for (const [index, entry] of request.body.users.entries()) {
        if (form.Check(entry)) entries.set(index, entry)
        else items.set(index, { problem: problemOf(refusalOf(entry, index), publicUrl) })
      }
      // In one order, so that no two requests wait for each other in a circle.
      for (const [index, entry] of [...entries].sort(([, one], [, other]) => (one.id < other.id ? -1 : 1)))
        items.set(index, await putOne(users, entry, publicUrl))
      return { items: request.body.users.flatMap((_entry, index) => items.get(index) ?? []) }
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
    return { problem: problemOf(error, publicUrl) }
  }
}

function problemOf (error: ChatError, publicUrl: string): Static<typeof ProblemSchema> {
  return problem(error, { status: STATUS[error.code], publicUrl, requestId: undefined })
}

/** Why an entry has not the form of one. */
function refusalOf (entry: unknown, index: number): ChatError {
  const [fault] = form.Errors(entry)
  const path = `/users/${String(index)}${fault?.instancePath ?? ''}`
  const detail = `The field "${path.slice(1)}" ${fault?.message ?? 'is not valid'}.`
  const field: FieldFault = { place: { pointer: `#${path}` }, code: 'invalid', detail }
  return new ChatError('invalid_input', detail, { fields: [field] })
}
