/** `/conversations`: the caller's chats with their unread counts. */
import type { FastifyRequest } from 'fastify'
import Type, { type Static } from 'typebox'
import type { Conversation } from '../../domain/chats/chats.ts'
import { DELETED_TEXT } from '../../domain/events/message.ts'
import { json } from '../http/answers.ts'
import type { Scope } from '../http/scope.ts'
import { requireBearer, sessionOf } from '../http/session.ts'
import {
  DescribedPageQuery, EXAMPLE_PAGINATION, type Page, PageQuery, paginationOf, PaginationSchema, rangeOf, readPage
} from './paging.ts'
import { encodePartnerPage, PartnerMessageSchema, PeopleSchema, readPartnerId } from './partner-messages.ts'
import { CONVERSATIONS } from './tags.ts'

const Id = Type.Integer({ minimum: 1 })

/** A chat of the caller with its unread count. */
const ConversationSchema = Type.Object(
  {
    id: Id,
    type: Type.Enum(['direct', 'group'], { type: 'string', description: 'A `direct` one has two members.' }),
    name: Type.String({ description: 'Display name of the other user, or the name of the group.' }),
    participants: Type.Array(Type.Object({ id: Id, name: Type.String(), username: Type.String() }), {
      description: 'Its members, including the caller; of a group the first hundred.'
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

/** Whose messages are wanted instead of the list. */
const ConversationsQuery = Type.Object({ ...PageQuery.properties, partner_id: Type.Optional(Type.Unknown()) })
const DescribedQuery = Type.Object({
  ...DescribedPageQuery.properties,
  partner_id: Type.Optional(
    Type.Integer({ minimum: 1, description: 'The id of a user: then the answer has the messages with that user.' })
  )
})

const ConversationList = Type.Object(
  { conversations: Type.Array(ConversationSchema), pagination: PaginationSchema },
  { title: 'Conversations' }
)
const PartnerMessages = Type.Object(
  { users: PeopleSchema, conversations: Type.Array(PartnerMessageSchema), pagination: PaginationSchema },
  { title: 'PartnerMessages' }
)

/** Adds the route. */
export default async function conversations (app: Scope): Promise<void> {
  requireBearer(app)

  app.get(
    '/',
    {
      config: { errors: ['invalid_input'], described: { query: DescribedQuery } },
      schema: {
        operationId: 'emoteListConversations',
        tags: [CONVERSATIONS],
        summary: 'List the caller\'s chats with their unread counts',
        description:
          'Latest activity first. With `partner_id` the messages with one user instead: the first page has the ' +
          'newest, oldest first within a page, and they count as read.',
        querystring: ConversationsQuery,
        response: {
          200: json(
            'A page of them.',
            Type.Union([ConversationList, PartnerMessages]),
            { conversations: [EXAMPLE], pagination: EXAMPLE_PAGINATION }
          )
        }
      }
    },
    async (request) => {
      const page = readPage(request.query)
      if (request.query.partner_id !== undefined) return readMessages(app, request, page)
      const { items, totalCount } = await app.services.chats.conversations(sessionOf(request).userId, rangeOf(page))
      return { conversations: items.map(encodeConversation), pagination: paginationOf(page, totalCount) }
    }
  )
}

async function readMessages (
  app: Scope,
  request: FastifyRequest<{ Querystring: Static<typeof ConversationsQuery> }>,
  page: Page
): Promise<Static<typeof PartnerMessages>> {
  const { userId } = sessionOf(request)
  const partnerId = readPartnerId(request.query.partner_id)
  const found = await app.services.chats.withPartner(userId, partnerId, rangeOf(page))
  return { ...encodePartnerPage(found, userId, partnerId), pagination: paginationOf(page, found.totalCount) }
}

function encodeConversation ({
  chatId,
  name,
  other,
  members,
  lastMessage,
  unreadCount,
  updatedAt
}: Conversation): Static<typeof ConversationSchema> {
  return {
    id: chatId,
    type: name === null ? 'direct' : 'group',
    name: name ?? other?.displayName ?? '',
    participants: [...members]
      .sort((a, b) => a.id - b.id)
      .map(({ id, displayName, username }) => ({ id, name: displayName, username })),
    last_message:
      lastMessage === null
        ? null
        : {
            id: lastMessage.id,
            sender_id: lastMessage.authorId,
            message: lastMessage.deletedAt === null ? lastMessage.text : DELETED_TEXT,
            timestamp: lastMessage.at.toISOString()
          },
    unread_count: unreadCount,
    updated_at: updatedAt.toISOString()
  }
}
