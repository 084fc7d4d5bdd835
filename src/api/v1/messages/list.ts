/** `GET /v1/chats/{chat}/messages`: the messages of a chat by pages. */
import Type from 'typebox'
import { json } from '../../http/answers.ts'
import type { Scope } from '../../http/scope.ts'
import { encodeMessage, EXAMPLE_MESSAGE, MessageSchema } from '../message.ts'
import { MESSAGES } from '../tags.ts'
import { ChatParams, HEAD, readerOf } from './chat.ts'
import { encodeCursor, MESSAGES_QUERY, NEIGHBOURS, readLimit, readPosition, readSeq } from './position.ts'

const Page = Type.Object({ items: Type.Array(MessageSchema), ...NEIGHBOURS, ...HEAD })

/** Adds the route. */
export function listMessages (app: Scope): void {
  app.get(
    '/messages',
    {
      config: { errors: ['invalid_input', 'unknown_chat', 'unknown_message', 'forbidden', 'insufficient_scope'] },
      schema: {
        operationId: 'listMessages',
        tags: [MESSAGES],
        summary: 'List the messages of a chat',
        description:
          'Oldest first; the newest ones unless you ask for others. They do not count as read by that. Subscribe ' +
          'after `head`, and nothing is missed in between.',
        params: ChatParams,
        querystring: MESSAGES_QUERY,
        response: {
          200: json('The messages.', Page, {
            items: [EXAMPLE_MESSAGE], next: null, prev: null, head: EXAMPLE_MESSAGE.seq, epoch: '7f3a'
          })
        }
      }
    },
    async (request) => {
      const { params: { chat }, query } = request
      const parentSeq = query.parent === undefined ? undefined : readSeq('parent', query.parent)
      const filter = `messages ${chat} ${String(parentSeq)}`
      const { access, items, isFirst, isLast } = await app.services.reading.page(readerOf(request), {
        chat, parentSeq, position: readPosition(query, filter), limit: readLimit(query.limit)
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
