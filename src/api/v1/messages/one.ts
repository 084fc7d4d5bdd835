/** `/v1/chats/{chat}/messages/{seq}`: one message. */
import Type from 'typebox'
import { json, noBody } from '../../http/answers.ts'
import { idempotencyKeyOf } from '../../http/idempotency.ts'
import { limitedAs } from '../../http/quotas.ts'
import type { Scope } from '../../http/scope.ts'
import { conditionOf, etagOf, IF_MATCH } from '../etag.ts'
import { encodeMessage, EXAMPLE_MESSAGE, MessageSchema } from '../message.ts'
import { MESSAGES } from '../tags.ts'
import { DataSchema } from '../user.ts'
import { actorOf, MessageParams, readerOf, seqOf } from './chat.ts'
import { answerWritten, EXAMPLE_WRITTEN, WrittenSchema } from './written.ts'

const URL = '/messages/:seq'
const CHANGE_ERRORS = [
  'unknown_chat', 'unknown_message', 'forbidden', 'chat_frozen', 'chat_closed', 'not_the_author', 'version_conflict',
  'insufficient_scope', 'updating', 'overloaded', 'unconfirmed'
] as const

const EditBody = Type.Object(
  {
    text: Type.Optional(Type.String({ description: 'As for a new message.' })),
    data: Type.Optional(DataSchema)
  },
  { additionalProperties: false, examples: [{ text: 'Where is my parcel?!' }] }
)
const DeleteQuery = Type.Object(
  {
    for: Type.Optional(Type.Enum(['all', 'me'], {
      type: 'string', description: 'For everybody, as by default, or for you alone.'
    }))
  },
  { additionalProperties: false }
)

/** Adds the route. */
export function getMessage (app: Scope): void {
  app.get(
    URL,
    {
      config: { errors: ['unknown_chat', 'unknown_message', 'forbidden', 'insufficient_scope'] },
      schema: {
        operationId: 'getMessage',
        tags: [MESSAGES],
        summary: 'Get a message',
        description: 'Of one that is deleted there is its place. The `ETag` is the version of its text and data.',
        params: MessageParams,
        response: { 200: json('The message.', MessageSchema, EXAMPLE_MESSAGE) }
      }
    },
    async (request, reply) => {
      const { params } = request
      const { access, message, own } =
        await app.services.reading.message(readerOf(request), params.chat, seqOf(params))
      return reply.header('etag', etagOf(message.version)).send(encodeMessage(message, access.id, own))
    }
  )
}

/** Adds the route. */
export function editMessage (app: Scope): void {
  app.patch(
    URL,
    {
      config: {
        ...limitedAs('edits'),
        idempotency: 'own',
        errors: [
          ...CHANGE_ERRORS, 'invalid_text', 'text_too_long', 'message_refused', 'hook_failed', 'message_deleted',
          'idempotency_key_reused'
        ]
      },
      schema: {
        operationId: 'editMessage',
        tags: [MESSAGES],
        summary: 'Edit a message',
        description:
          'Replaces the text, and merges the data (RFC 7396). Others\' messages take the permission `edit_any`. With ' +
          '`If-Match` nothing is overwritten that you have not seen.',
        params: MessageParams,
        headers: Type.Object(IF_MATCH),
        body: EditBody,
        response: { 200: json('The event, and the message after it.', WrittenSchema, EXAMPLE_WRITTEN) }
      }
    },
    async (request, reply) => {
      const { params: { chat, ...params }, body } = request
      const target = { actor: actorOf(request), chat, seq: seqOf(params), key: idempotencyKeyOf(request) }
      const written = await app.services.writing.edit(target, { ...body, condition: conditionOf(request) })
      return answerWritten(reply, written)
    }
  )
}

/** Adds the route. */
export function deleteMessage (app: Scope): void {
  app.delete(
    URL,
    {
      config: { ...limitedAs('edits'), errors: [...CHANGE_ERRORS, 'invalid_input', 'user_required'] },
      schema: {
        operationId: 'deleteMessage',
        tags: [MESSAGES],
        summary: 'Delete a message',
        description:
          'For everybody: its place remains, and nothing of its content. Others\' messages take the permission ' +
          '`delete_any`. Or for you alone, which the others do not notice.',
        params: MessageParams,
        headers: Type.Object(IF_MATCH),
        querystring: DeleteQuery,
        response: {
          200: json('It is deleted: the event, and the place of the message.', WrittenSchema, EXAMPLE_WRITTEN),
          204: noBody('It is deleted for you.')
        }
      }
    },
    async (request, reply) => {
      const { params: { chat, ...params }, query } = request
      const target = { actor: actorOf(request), chat, seq: seqOf(params) }
      if (query.for === 'me') {
        await app.services.writing.hide(target)
        return reply.code(204).send(null)
      }
      return answerWritten(reply, await app.services.writing.delete(target, conditionOf(request)))
    }
  )
}

const VersionSchema = Type.Object({
  version: Type.Integer({ minimum: 1 }),
  text: Type.String(),
  data: DataSchema,
  created_at: Type.String({ format: 'date-time' })
})

/** Adds the route. */
export function listVersions (app: Scope): void {
  app.get(
    `${URL}/versions`,
    {
      config: { errors: ['unknown_chat', 'unknown_message', 'forbidden', 'insufficient_scope'] },
      schema: {
        operationId: 'listMessageVersions',
        tags: [MESSAGES],
        summary: 'List the versions of a message',
        description:
          'Oldest first, the present one last, all on one page; for its author, and for who may delete the messages ' +
          'of others. Of a deleted message there are none.',
        params: MessageParams,
        response: {
          200: json(
            'The versions.',
            Type.Object({ items: Type.Array(VersionSchema), next: Type.Null(), prev: Type.Null() }),
            {
              items: [{ version: 1, text: 'Where is my parcel?', data: {}, created_at: '2026-11-28T10:15:04.512Z' }],
              next: null,
              prev: null
            }
          )
        }
      }
    },
    async (request) => {
      const { params } = request
      const versions = await app.services.reading.versions(readerOf(request), params.chat, seqOf(params))
      return {
        items: versions.map(({ version, text, data, at }) =>
          ({ version, text, data: { ...data }, created_at: at.toISOString() })),
        next: null,
        prev: null
      }
    }
  )
}
