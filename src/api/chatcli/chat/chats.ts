/** `/chat/fetch-chats`, `/chat/create-chat` and `/chat/delete-chat`. */
import Type from 'typebox'
import { json } from '../../http/answers.ts'
import type { Scope } from '../../http/scope.ts'
import { sessionOf } from '../../http/session.ts'
import { envelope, fixedResponse, success } from '../envelope.ts'
import { EXAMPLE_SESSION, SESSION_FIELD } from '../session.ts'
import { CHATS } from '../tags.ts'
import { ChatId } from './ids.ts'

const MAX_USERNAME_LENGTH = 1_024

/** A chat in the caller's list. */
const ChatSummary = Type.Object(
  {
    chatID: ChatId,
    name: Type.String({ description: 'The name of the other user.' }),
    userID: Type.Integer({ minimum: 1, description: 'The other user.' }),
    lastSeq: Type.Integer({ minimum: 0, description: 'The seq of its newest message; 0 without any.' }),
    lastActivity: Type.String({
      format: 'date-time',
      description: 'When something was last posted, or the chat created.'
    })
  },
  { title: 'ChatSummary' }
)

/** Adds the routes. */
export default async function chats (app: Scope): Promise<void> {
  fetchChats(app)
  createChat(app)
  deleteChat(app)
}

function fetchChats (app: Scope): void {
  app.post(
    '/fetch-chats',
    {
      config: { described: { body: Type.Object(SESSION_FIELD, { examples: [EXAMPLE_SESSION] }) } },
      schema: {
        operationId: 'fetchChats',
        tags: [CHATS],
        summary: 'List the caller\'s chats',
        response: {
          200: json('All of them.', envelope(Type.Array(ChatSummary), {}), {
            status: 'ok',
            message: '',
            response: [{ chatID: 1, name: 'bob', userID: 2, lastSeq: 4, lastActivity: '2026-01-31T12:34:56.789Z' }]
          })
        }
      }
    },
    async (request) => {
      const list = await app.services.chats.list(sessionOf(request).userId)
      return success(
        list.map(({ chatId, otherId, otherName, lastSeq, lastAt }) => ({
          chatID: chatId,
          name: otherName,
          userID: otherId,
          lastSeq,
          lastActivity: lastAt.toISOString()
        }))
      )
    }
  )
}

function createChat (app: Scope): void {
  app.post(
    '/create-chat',
    {
      config: { errors: ['unknown_receiver', 'chat_with_yourself', 'chat_exists', 'overloaded'] },
      schema: {
        operationId: 'createChat',
        tags: [CHATS],
        summary: 'Open the chat with another user',
        description:
          'Two users share one chat. If one of the two has left it, both are in the same chat again, and the one who ' +
          'rejoined sees messages from then on.',
        body: Type.Object(
          {
            ...SESSION_FIELD,
            receiver: Type.String({
              maxLength: MAX_USERNAME_LENGTH,
              description: 'The name of the other user, in any case.'
            })
          },
          { examples: [{ ...EXAMPLE_SESSION, receiver: 'bob' }] }
        ),
        response: {
          200: json('The chat exists.', envelope(Type.Literal('Chat created successfully!'), { chatID: ChatId }), {
            status: 'ok',
            message: '',
            response: 'Chat created successfully!',
            chatID: 1
          })
        }
      }
    },
    async (request) => {
      const chatID = await app.services.chats.create(sessionOf(request).userId, request.body.receiver)
      return { ...success('Chat created successfully!'), chatID }
    }
  )
}

function deleteChat (app: Scope): void {
  app.post(
    '/delete-chat',
    {
      config: { errors: ['not_a_participant'] },
      schema: {
        operationId: 'deleteChat',
        tags: [CHATS],
        summary: 'Leave a chat',
        description:
          'The other member keeps the chat and its history. When the last member has left, the chat and its messages ' +
          'are deleted.',
        body: Type.Object({ ...SESSION_FIELD, chatID: ChatId }, { examples: [{ ...EXAMPLE_SESSION, chatID: 1 }] }),
        response: { 200: fixedResponse('Chat deleted successfully!') }
      }
    },
    async (request) => {
      await app.services.chats.leave(sessionOf(request).userId, request.body.chatID)
      return success('Chat deleted successfully!')
    }
  )
}
