/** `/chat`: the caller's chats and their history. All but the index need a session. */
import type { FastifyInstance } from 'fastify'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { sessionOf } from '../../http/session.ts'
import { success } from '../envelope.ts'
import { encodeMessage } from '../message.ts'
import { requireSession } from '../session.ts'
import { CREATE_CHAT, DELETE_CHAT, FETCH_CHATS, INDEX, MESSAGES } from './operations.ts'
import { ChatBody, CreateChatBody, MessagesBody } from './schemas.ts'

/** Mounts the routes. */
export default async function chat (app: FastifyInstance): Promise<void> {
  app.get('/', { config: { operation: INDEX } }, async (_request, reply) =>
    reply.type('text/plain; charset=utf-8').send('chat\'s index route')
  )
  await app.register(authenticated)
}

const authenticated: FastifyPluginAsyncTypebox = async (app) => {
  const { chats, messages } = app.services
  requireSession(app)

  app.post('/fetch-chats', { config: { operation: FETCH_CHATS } }, async (request) => {
    const list = await chats.list(sessionOf(request).userId)
    return success(
      list.map(({ chatId, otherId, otherName, lastSeq, lastAt }) => ({
        chatID: chatId,
        name: otherName,
        userID: otherId,
        lastSeq,
        lastActivity: lastAt.toISOString()
      }))
    )
  })

  app.post(
    '/create-chat',
    { config: { operation: CREATE_CHAT }, schema: { body: CreateChatBody } },
    async (request) => {
      const chatID = await chats.create(sessionOf(request).userId, request.body.receiver)
      return { ...success('Chat created successfully!'), chatID }
    }
  )

  app.post('/messages', { config: { operation: MESSAGES }, schema: { body: MessagesBody } }, async (request) => {
    const { chatID, limit, before, after } = request.body
    const page = await messages.history(sessionOf(request).userId, { chatId: chatID, limit, before, after })
    return page.map(encodeMessage)
  })

  app.post('/delete-chat', { config: { operation: DELETE_CHAT }, schema: { body: ChatBody } }, async (request) => {
    await chats.leave(sessionOf(request).userId, request.body.chatID)
    return success('Chat deleted successfully!')
  })
}
