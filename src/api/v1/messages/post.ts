/** `POST /v1/chats/{chat}/messages`. */
import Type from 'typebox'
import { ChatError } from '../../../domain/errors.ts'
import { MAX_CLIENT_MESSAGE_ID_LENGTH } from '../../../domain/events/messages.ts'
import { MAX_MENTIONS, MAX_TEXT_LENGTH } from '../../../domain/events/message-input.ts'
import { json } from '../../http/answers.ts'
import { idempotencyKeyOf } from '../../http/idempotency.ts'
import { limitedAs } from '../../http/quotas.ts'
import type { Scope } from '../../http/scope.ts'
import { AttachmentsInput, Seq } from '../message.ts'
import { MESSAGES } from '../tags.ts'
import { DataSchema } from '../user.ts'
import { actorOf, ChatParams } from './chat.ts'
import { answerWritten, EXAMPLE_WRITTEN, WrittenSchema } from './written.ts'

const PostBody = Type.Object(
  {
    text: Type.String({ description: `1 to ${String(MAX_TEXT_LENGTH)} characters, not only blank ones.` }),
    client_id: Type.Optional(Type.String({
      minLength: 1,
      maxLength: MAX_CLIENT_MESSAGE_ID_LENGTH,
      description: 'Your id of the message: with it a retry finds what was posted. The same as `Idempotency-Key`.'
    })),
    reply_to: Type.Optional(Type.Integer({ ...Seq, description: 'The message that it answers.' })),
    parent: Type.Optional(Type.Integer({ ...Seq, description: 'The message whose thread it is for.' })),
    mentions: Type.Optional(Type.Array(Type.String(), {
      description: `At most ${String(MAX_MENTIONS)} ids of members, \`@all\`, or \`@role:<role>\`.`
    })),
    attachments: Type.Optional(AttachmentsInput),
    data: Type.Optional(DataSchema)
  },
  { additionalProperties: false, examples: [{ text: 'Where is my parcel?', client_id: '7b6f3f0e' }] }
)

/** Adds the route. */
export function postMessage (app: Scope): void {
  app.post(
    '/messages',
    {
      config: {
        ...limitedAs('messages'),
        idempotency: 'own',
        errors: [
          'unknown_chat', 'unknown_message', 'forbidden', 'chat_frozen', 'chat_closed', 'invalid_text',
          'text_too_long', 'slow_mode', 'message_refused', 'hook_failed', 'feature_off', 'invalid_mention',
          'unknown_mention', 'nested_thread', 'unknown_file', 'file_incomplete', 'file_attached', 'size_differs',
          'files_off', 'storage_unavailable',
          'idempotency_key_reused', 'user_required', 'insufficient_scope', 'updating', 'overloaded',
          'unconfirmed'
        ]
      },
      schema: {
        operationId: 'postMessage',
        tags: [MESSAGES],
        summary: 'Post a message',
        description:
          'A retry with the same `client_id` finds the message, as long as it has a place in the chat. An API key ' +
          'posts on behalf of a user only.',
        params: ChatParams,
        body: PostBody,
        response: {
          200: json('It was posted before; the message is as it is now.', WrittenSchema, EXAMPLE_WRITTEN),
          201: json('It is posted.', WrittenSchema, EXAMPLE_WRITTEN)
        }
      }
    },
    async (request, reply) => {
      const { params: { chat }, body } = request
      const { text, client_id: clientId, reply_to: replyToSeq, parent, mentions, data } = body
      const attachments = body.attachments?.map(({ file }) => file)
      const key = idempotencyKeyOf(request)
      if (key !== undefined && clientId !== undefined && key !== clientId)
        throw new ChatError('invalid_input', 'The field "client_id" and the header Idempotency-Key differ.')
      const written = await app.services.writing.post(actorOf(request), chat, {
        text, clientMessageId: clientId ?? key, parentSeq: parent, replyToSeq, mentions, data, attachments
      })
      return reply.code(written.isDuplicate ? 200 : 201).send(answerWritten(reply, written))
    }
  )
}
