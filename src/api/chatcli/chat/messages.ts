/** `/chat/messages`: the history of a chat. */
import Type from 'typebox'
import { json } from '../../http/answers.ts'
import type { Scope } from '../../http/scope.ts'
import { sessionOf } from '../../http/session.ts'
import { CLIENT_KIND_NOTE, clientKindOf } from '../client-kind.ts'
import { doubled, doubledEnvelope, envelope, success } from '../envelope.ts'
import {
  ChangingMessageSchema, encodeChangingMessage, encodeMessage, EXAMPLE_MESSAGE, MessageSchema
} from '../message.ts'
import { EXAMPLE_SESSION, SESSION_FIELD } from '../session.ts'
import { CHATS } from '../tags.ts'
import { ChatId, Seq } from './ids.ts'

const DEFAULT_LIMIT = 50
const MAX_LIMIT = 200

const MessagesBody = Type.Object(
  {
    ...SESSION_FIELD,
    chatID: ChatId,
    username: Type.Optional(Type.Unknown({ description: 'Not read, but see above.' })),
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
    ),
    markRead: Type.Boolean({ default: true, description: 'Whether the returned messages count as read.' })
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
          'read, unless `markRead` is false. A client with a WebSocket needs this for messages older than its join. ' +
          `${CLIENT_KIND_NOTE} It is an envelope: the messages are its \`response\` if the request names a ` +
          '`username`, as 0.3 does, and otherwise the `messages` in it.',
        body: MessagesBody,
        response: {
          200: json(
            'The messages, without an envelope.',
            Type.Union([
              Type.Array(MessageSchema),
              envelope(Type.Array(ChangingMessageSchema), {}),
              doubledEnvelope({ messages: Type.Array(ChangingMessageSchema) })
            ]),
            [EXAMPLE_MESSAGE]
          )
        }
      }
    },
    async (request, reply) => {
      const kind = clientKindOf(request, reply)
      const { chatID, limit, before, after, markRead, username } = request.body
      const { userId } = sessionOf(request)
      const page = await app.services.messages.history(userId, {
        chatId: chatID,
        limit,
        before,
        after,
        marksRead: markRead
      })
      if (kind === 'seed') return page.map(encodeMessage)
      const messages = page.map(encodeChangingMessage)
      return username === undefined ? doubled({ messages }) : success(messages)
    }
  )
}
