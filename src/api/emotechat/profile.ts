/** `/profile`: the users of this server. */
import Type from 'typebox'
import { json } from '../http/answers.ts'
import type { Scope } from '../http/scope.ts'
import { requireBearer, sessionOf } from '../http/session.ts'
import {
  DescribedPageQuery, EXAMPLE_PAGINATION, PageQuery, paginationOf, PaginationSchema, rangeOf, readPage
} from './paging.ts'
import { PROFILE } from './tags.ts'
import { encodeUser, EXAMPLE_USER, UserSchema } from './user.ts'

const MAX_SEARCH_LENGTH = 64

const UsersQuery = Type.Object({
  ...PageQuery.properties,
  search: Type.Optional(Type.String({
    maxLength: MAX_SEARCH_LENGTH,
    description: 'Only accounts whose name or username begins with it, by username; at most 1,000 are counted.'
  }))
})
const DescribedUsersQuery = Type.Object({ ...DescribedPageQuery.properties, search: UsersQuery.properties.search })

/** Adds the route. */
export default async function profile (app: Scope): Promise<void> {
  requireBearer(app)

  app.get(
    '/users',
    {
      config: { errors: ['invalid_input'], described: { query: DescribedUsersQuery } },
      schema: {
        operationId: 'emoteListUsers',
        tags: [PROFILE],
        summary: 'List the users of this server',
        description:
          'Active accounts, in the order in which they became active, or those that a search finds. Addresses are ' +
          'shown in the caller\'s own record only.',
        querystring: UsersQuery,
        response: {
          200: json(
            'A page of them.',
            Type.Object({ users: Type.Array(UserSchema), pagination: PaginationSchema }),
            { users: [EXAMPLE_USER], pagination: EXAMPLE_PAGINATION }
          )
        }
      }
    },
    async (request) => {
      const page = readPage(request.query)
      const { items, totalCount } = await app.services.accounts.list(rangeOf(page), request.query.search)
      const { userId } = sessionOf(request)
      return { users: items.map((account) => encodeUser(account, userId)), pagination: paginationOf(page, totalCount) }
    }
  )
}
