/** What the `/conversations` route says of itself. */
import Type from 'typebox'
import { data, operation } from '../operation.ts'
import { DescribedPageQuery, EXAMPLE_PAGINATION, PaginationSchema } from '../paging.ts'
import { ConversationSchema } from './schemas.ts'

const at = '2026-01-31T12:34:56.789Z'
const example = {
  id: 1,
  type: 'direct',
  name: 'Bob',
  participants: [
    { id: 1, name: 'Emma', username: 'emma' },
    { id: 2, name: 'Bob', username: 'bob' }
  ],
  last_message: { id: 9, sender_id: 2, message: 'Hello Emma', timestamp: at },
  unread_count: 1,
  updated_at: at
}

export const LIST_CONVERSATIONS = operation({
  id: 'emoteListConversations',
  tag: 'EmoteChat: conversations',
  summary: 'List the caller\'s chats with what is new in them',
  description: 'Latest activity first.',
  session: 'header',
  query: DescribedPageQuery,
  answers: {
    200: data(
      'A page of them.',
      { conversations: Type.Array(ConversationSchema), pagination: PaginationSchema },
      { conversations: [example], pagination: EXAMPLE_PAGINATION }
    )
  },
  errors: ['invalid_input']
})
