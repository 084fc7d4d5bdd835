/** `/conversations`: the caller's chats with their unread counts. */
import Type, { type Static } from 'typebox'
import type { Conversation } from '../../domain/chats/chats.ts'
import { json } from '../http/answers.ts'
import type { Scope } from '../http/scope.ts'
import { sessionOf } from '../http/session.ts'
import {
  DescribedPageQuery, EXAMPLE_PAGINATION, PageQuery, paginationOf, PaginationSchema, rangeOf, readPage
} from './paging.ts'
import { requireSession } from './session.ts'
import { CONVERSATIONS } from './tags.ts'

const Id = Type.Integer({ minimum: 1 })

/** A chat of the caller with its unread count. */
const ConversationSchema = Type.Object(
  {
    id: Id,
    type: Type.Literal('direct'),
    name: Type.String({ description: 'Display name of the other user.' }),
    participants: Type.Array(Type.Object({ id: Id, name: Type.String(), username: Type.String() }), {
      description: 'Its members, including the caller.'
    }),
    last_message: Type.Union(
      [
        Type.Object({ id: Id, sender_id: Id, message: Type.String(), timestamp: Type.String({ format: 'date-time' }) }),
        Type.Null()
      ],
      { description: 'The newest one visible to the caller.' }
    ),
    unread_count: Type.Integer({
      minimum: 0,
      description: 'Messages that the history has not returned and that follow the caller\'s own newest one.'
    }),
    updated_at: Type.String({ format: 'date-time' })
  },
  { title: 'Conversation' }
)

const AT = '2026-01-31T12:34:56.789Z'
const EXAMPLE: Static<typeof ConversationSchema> = {
  id: 1,
  type: 'direct',
  name: 'Bob',
  participants: [
    { id: 1, name: 'Emma', username: 'emma' },
    { id: 2, name: 'Bob', username: 'bob' }
  ],
  last_message: { id: 9, sender_id: 2, message: 'Hello Emma', timestamp: AT },
  unread_count: 1,
  updated_at: AT
}

/** Adds the route. */
export default async function conversations (app: Scope): Promise<void> {
  requireSession(app)

  app.get(
    '/',
    {
      config: { errors: ['invalid_input'], described: { query: DescribedPageQuery } },
      schema: {
        operationId: 'emoteListConversations',
        tags: [CONVERSATIONS],
        summary: 'List the caller\'s chats with their unread counts',
        description: 'Latest activity first.',
        querystring: PageQuery,
        response: {
          200: json(
            'A page of them.',
            Type.Object({ conversations: Type.Array(ConversationSchema), pagination: PaginationSchema }),
            { conversations: [EXAMPLE], pagination: EXAMPLE_PAGINATION }
          )
        }
      }
    },
    async (request) => {
      const page = readPage(request.query)
      const { items, totalCount } = await app.services.chats.conversations(sessionOf(request).userId, rangeOf(page))
      return { conversations: items.map(encodeConversation), pagination: paginationOf(page, totalCount) }
    }
  )
}

function encodeConversation ({
  chatId,
  self,
  other,
  isOtherPresent,
  lastMessage,
  unreadCount,
  updatedAt
}: Conversation): Static<typeof ConversationSchema> {
  const present = isOtherPresent ? [self, other] : [self]
  return {
    id: chatId,
    type: 'direct',
    name: other.displayName,
    participants: present
      .sort((a, b) => a.id - b.id)
      .map(({ id, displayName, username }) => ({ id, name: displayName, username })),
    last_message:
      lastMessage === null
        ? null
        : {
            id: lastMessage.id,
            sender_id: lastMessage.authorId,
            message: lastMessage.text,
            timestamp: lastMessage.at.toISOString()
          },
    unread_count: unreadCount,
    updated_at: updatedAt.toISOString()
  }
}
