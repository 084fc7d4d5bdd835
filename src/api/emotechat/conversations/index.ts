/** `/conversations`: the caller's chats with what is new in them. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Static } from 'typebox'
import type { Conversation } from '../../../domain/chats/chats.ts'
import { sessionOf } from '../../http/session.ts'
import { requireSession } from '../bearer.ts'
import { PageQuery, paginationOf, rangeOf, readPage } from '../paging.ts'
import { LIST_CONVERSATIONS } from './operations.ts'
import type { ConversationSchema } from './schemas.ts'

const conversations: FastifyPluginAsyncTypebox = async (app) => {
  const { chats } = app.services
  requireSession(app)

  app.get('/', { config: { operation: LIST_CONVERSATIONS }, schema: { querystring: PageQuery } }, async (request) => {
    const page = readPage(request.query)
    const { items, totalCount } = await chats.conversations(sessionOf(request).userId, rangeOf(page))
    return { conversations: items.map(encodeConversation), pagination: paginationOf(page, totalCount) }
  })
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

export default conversations
