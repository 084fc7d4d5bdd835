/** `/chat/messages`: the history of a chat. */
import Type from 'typebox'
import { json } from '../../http/answers.ts'
import type { Scope } from '../../http/scope.ts'
import { sessionOf } from '../../http/session.ts'
import { encodeMessage, EXAMPLE_MESSAGE, MessageSchema } from '../message.ts'
import { EXAMPLE_SESSION, SESSION_FIELD } from '../session.ts'
import { CHATS } from '../tags.ts'
import { ChatId, Seq } from './ids.ts'

const DEFAULT_LIMIT = 50
const MAX_LIMIT = 200

const MessagesBody = Type.Object(
  {
    ...SESSION_FIELD,
    chatID: ChatId,
    limit: Type.Integer({
      minimum: 1,
      maximum: MAX_LIMIT,
      default: DEFAULT_LIMIT,
      description: 'Maximum number of messages.'
    }),
    before: Type.Optional(
      Type.Integer({ ...Seq, description: 'Only messages with a smaller seq: the newest of them.' })
    ),
    after: Type.Optional(
      Type.Integer({ ...Seq, description: 'Only messages with a greater seq: without `before`, the oldest of them.' })
    )
  },
  { examples: [{ ...EXAMPLE_SESSION, chatID: 1, limit: DEFAULT_LIMIT }] }
)

/** Adds the route. */
export default async function messages (app: Scope): Promise<void> {
  app.post(
    '/messages',
    {
      config: { errors: ['not_a_participant'] },
      schema: {
        operationId: 'readMessages',
        tags: [CHATS],
        summary: 'Read the history of a chat',
        description:
          'Oldest first. Without `before` and `after` the newest messages. Messages that were returned count as ' +
          'read. A client with a WebSocket needs this for messages older than its join.',
        body: MessagesBody,
        response: { 200: json('The messages, without an envelope.', Type.Array(MessageSchema), [EXAMPLE_MESSAGE]) }
      }
    },
    async (request) => {
      const { chatID, limit, before, after } = request.body
      const { userId } = sessionOf(request)
      const page = await app.services.messages.history(userId, { chatId: chatID, limit, before, after })
      return page.map(encodeMessage)
    }
  )
}
