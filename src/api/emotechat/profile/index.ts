/** `/profile`: the users of this server. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { sessionOf } from '../../http/session.ts'
import { requireSession } from '../bearer.ts'
import { PageQuery, paginationOf, rangeOf, readPage } from '../paging.ts'
import { encodeUser } from '../user.ts'
import { LIST_USERS } from './operations.ts'

const profile: FastifyPluginAsyncTypebox = async (app) => {
  const { accounts } = app.services
  requireSession(app)

  app.get('/users', { config: { operation: LIST_USERS }, schema: { querystring: PageQuery } }, async (request) => {
    const page = readPage(request.query)
    const { items, totalCount } = await accounts.list(rangeOf(page))
    const { userId } = sessionOf(request)
    return { users: items.map((account) => encodeUser(account, userId)), pagination: paginationOf(page, totalCount) }
  })
}

export default profile
