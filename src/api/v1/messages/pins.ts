/** `/v1/chats/{chat}/pins`: the pinned messages of a chat. */
import Type from 'typebox'
import { json } from '../../http/answers.ts'
import { limitedAs } from '../../http/quotas.ts'
import type { Scope } from '../../http/scope.ts'
import { encodeMessage, EXAMPLE_MESSAGE, MessageSchema } from '../message.ts'
import { MESSAGES } from '../tags.ts'
import { actorOf, ChatParams, HEAD, MessageParams, readerOf, seqOf } from './chat.ts'
import { decodeCursor, encodeCursor, LIST_FIELDS, NEIGHBOURS, readLimit } from './position.ts'
import { answerWritten, EXAMPLE_WRITTEN, WrittenSchema } from './written.ts'

const Page = Type.Object({ items: Type.Array(MessageSchema), ...NEIGHBOURS, ...HEAD })

/** Adds the route. */
export function listPins (app: Scope): void {
  app.get(
    '/pins',
    {
      config: { errors: ['invalid_input', 'unknown_chat', 'forbidden', 'insufficient_scope'] },
      schema: {
        operationId: 'listPins',
        tags: [MESSAGES],
        summary: 'List the pinned messages of a chat',
        description: 'In the order of their seqs.',
        params: ChatParams,
        querystring: Type.Object(LIST_FIELDS, { additionalProperties: false }),
        response: {
          200: json('The messages.', Page, {
            items: [EXAMPLE_MESSAGE], next: null, prev: null, head: 120, epoch: '7f3a'
          })
        }
      }
    },
    async (request) => {
      const { params: { chat }, query: { cursor, limit } } = request
      const filter = `pins ${chat}`
      const { access, items, isFirst, isLast } = await app.services.reading.pins(readerOf(request), {
        chat,
        position: cursor === undefined ? { after: 0 } : decodeCursor(cursor, filter),
        limit: readLimit(limit)
      })
      return {
        items: items.map(({ message, own }) => encodeMessage(message, access.id, own)),
        next: isLast ? null : encodeCursor(filter, 'after', items.at(-1)?.message.seq ?? 0),
        prev: isFirst ? null : encodeCursor(filter, 'before', items.at(0)?.message.seq ?? 0),
        head: access.lastSeq,
        epoch: app.services.epoch.current
      }
    }
  )
}

/** Adds the routes. */
export function changePins (app: Scope): void {
  const config = {
    ...limitedAs('edits'),
    errors: [
      'unknown_chat', 'unknown_message', 'forbidden', 'chat_frozen', 'chat_closed', 'message_deleted',
      'too_many_marks', 'insufficient_scope', 'updating', 'overloaded', 'unconfirmed'
    ]
  } as const
  const schema = {
    tags: [MESSAGES],
    params: MessageParams,
    response: { 200: json('The event, and the message after it.', WrittenSchema, EXAMPLE_WRITTEN) }
  }
  app.put(
    '/pins/:seq',
    { config, schema: { ...schema, operationId: 'pinMessage', summary: 'Pin a message' } },
    async (request, reply) => {
      const { params: { chat, ...params } } = request
      const target = { actor: actorOf(request), chat, seq: seqOf(params) }
      return answerWritten(reply, await app.services.writing.pin(target))
    }
  )
  app.delete(
    '/pins/:seq',
    { config, schema: { ...schema, operationId: 'unpinMessage', summary: 'Unpin a message' } },
    async (request, reply) => {
      const { params: { chat, ...params } } = request
      const target = { actor: actorOf(request), chat, seq: seqOf(params) }
      return answerWritten(reply, await app.services.writing.unpin(target))
    }
  )
}
