/** What the `/chat` routes say of themselves. */
import Type from 'typebox'
import { EXAMPLE_MESSAGE, MessageSchema } from '../message.ts'
import { envelope, json, operation, fixedResponse, plainText } from '../operation.ts'
import { ChatId, ChatSummary, SessionBody } from './schemas.ts'

const tag = 'ChatCLI: chats'
const session = 'header or body'
const session_token = 'the-access-token'

export const INDEX = operation({
  id: 'chatIndex',
  tag,
  summary: 'Say that the chats are here',
  answers: { 200: plainText('chat\'s index route') },
  errors: []
})

export const FETCH_CHATS = operation({
  id: 'fetchChats',
  tag,
  summary: 'List the caller\'s chats',
  session,
  optionalBody: SessionBody,
  example: { session_token },
  answers: {
    200: json('All of them.', envelope(Type.Array(ChatSummary)), {
      status: 'ok',
      message: '',
      response: [{ chatID: 1, name: 'bob', userID: 2, lastSeq: 4, lastActivity: '2026-01-31T12:34:56.789Z' }]
    })
  },
  errors: []
})

export const CREATE_CHAT = operation({
  id: 'createChat',
  tag,
  summary: 'Open the chat with another user',
  description:
    'Two users share one chat. If one of the two has left it, this brings them back into the same chat, where they ' +
    'see what is posted from then on.',
  session,
  example: { session_token, receiver: 'bob' },
  answers: {
    200: json(
      'The chat is there.',
      envelope(Type.Literal('Chat created successfully!'), { extra: { chatID: ChatId } }),
      {
        status: 'ok',
        message: '',
        response: 'Chat created successfully!',
        chatID: 1
      }
    )
  },
  errors: ['unknown_receiver', 'chat_with_yourself', 'chat_exists', 'overloaded']
})

export const MESSAGES = operation({
  id: 'readMessages',
  tag,
  summary: 'Read the history of a chat',
  description:
    'Oldest first. Without `before` and `after` the newest messages; what is handed out counts as read. A client ' +
    'that holds a WebSocket needs this for what is older than its join.',
  session,
  example: { session_token, chatID: 1, limit: 50 },
  answers: { 200: json('The messages, without an envelope.', Type.Array(MessageSchema), [EXAMPLE_MESSAGE]) },
  errors: ['not_a_participant']
})

export const DELETE_CHAT = operation({
  id: 'deleteChat',
  tag,
  summary: 'Leave a chat',
  description:
    'The other participant keeps the chat and its history. When nobody is left, the chat and its messages are gone.',
  session,
  example: { session_token, chatID: 1 },
  answers: { 200: fixedResponse('Chat deleted successfully!') },
  errors: ['not_a_participant']
})
