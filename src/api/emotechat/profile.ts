/** `/profile`: the users of this server. */
import Type from 'typebox'
import { json } from '../http/answers.ts'
import type { Scope } from '../http/scope.ts'
import { sessionOf } from '../http/session.ts'
import {
  DescribedPageQuery, EXAMPLE_PAGINATION, PageQuery, paginationOf, PaginationSchema, rangeOf, readPage
} from './paging.ts'
import { requireSession } from './session.ts'
import { PROFILE } from './tags.ts'
import { encodeUser, EXAMPLE_USER, UserSchema } from './user.ts'

/** Adds the route. */
export default async function profile (app: Scope): Promise<void> {
  requireSession(app)

  app.get(
    '/users',
    {
      config: { errors: ['invalid_input'], described: { query: DescribedPageQuery } },
      schema: {
        operationId: 'emoteListUsers',
        tags: [PROFILE],
        summary: 'List the users of this server',
        description:
          'Active accounts, in the order in which they became active. Addresses are shown in the caller\'s own ' +
          'record only.',
        querystring: PageQuery,
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
      const { items, totalCount } = await app.services.accounts.list(rangeOf(page))
      const { userId } = sessionOf(request)
      return { users: items.map((account) => encodeUser(account, userId)), pagination: paginationOf(page, totalCount) }
    }
  )
}
