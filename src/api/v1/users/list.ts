/** `GET /v1/users`. */
import Type from 'typebox'
import { json } from '../../http/answers.ts'
import { limitedAs } from '../../http/quotas.ts'
import type { Scope } from '../../http/scope.ts'
import { DESCRIBED_PAGE_QUERY, PAGE_QUERY, pageSchema, Paging } from '../cursor.ts'
import { USERS } from '../tags.ts'
import { encodeUser, EXAMPLE_USER, UserSchema } from '../user.ts'

const Search = Type.Optional(Type.String({ maxLength: 64, description: 'The beginning of a name or an id.' }))
const paging = new Paging(Type.Integer())

/** Lists users. */
export function list (app: Scope): void {
  app.get(
    '/',
    {
      config: {
        ...limitedAs('search'),
        errors: ['invalid_input'],
        described: { query: Type.Object({ ...DESCRIBED_PAGE_QUERY, search: Search }) }
      },
      schema: {
        operationId: 'listUsers',
        tags: [USERS],
        summary: 'Find users',
        description: 'In the order in which they were made; with `search` at most 1,000.',
        querystring: Type.Object({ ...PAGE_QUERY, search: Search }, { additionalProperties: false }),
        response: {
          200: json('A page of users.', Type.Object(pageSchema(UserSchema)), {
            items: [EXAMPLE_USER], next: null, prev: null
          })
        }
      }
    },
    async (request) => {
      const { search = '', ...query } = request.query
      const name = `users ${search}`
      const page = paging.read(query, name)
      const found = await app.services.users.list(search, {
        position: page.from?.position,
        isBackward: page.from?.isBackward === true,
        limit: page.limit + 1
      })
      return paging.page(page, name, found, { positionOf: ({ position }) => position, encode: encodeUser })
    }
  )
}
