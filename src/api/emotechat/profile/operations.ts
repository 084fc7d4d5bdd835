/** What the `/profile` routes say of themselves. */
import Type from 'typebox'
import { data, operation } from '../operation.ts'
import { DescribedPageQuery, EXAMPLE_PAGINATION, PaginationSchema } from '../paging.ts'
import { EXAMPLE_USER, UserSchema } from '../user.ts'

export const LIST_USERS = operation({
  id: 'emoteListUsers',
  tag: 'EmoteChat: profile',
  summary: 'List the users of this server',
  description:
    'Active accounts, in the order in which they became active. Addresses are shown in the caller\'s own record only.',
  session: 'header',
  query: DescribedPageQuery,
  answers: {
    200: data(
      'A page of them.',
      { users: Type.Array(UserSchema), pagination: PaginationSchema },
      { users: [EXAMPLE_USER], pagination: EXAMPLE_PAGINATION }
    )
  },
  errors: ['invalid_input']
})
