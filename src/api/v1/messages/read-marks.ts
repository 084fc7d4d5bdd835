/** `/v1/chats/{chat}/read` and `/receipts`: how far the members of a chat have read it. */
import Type from 'typebox'
import { userIdOf } from '../../../domain/accounts/user-id.ts'
import { json, noBody } from '../../http/answers.ts'
import { principalOf } from '../../http/principals.ts'
import type { Scope } from '../../http/scope.ts'
import { Seq } from '../message.ts'
import { MESSAGES } from '../tags.ts'
import { ChatParams, HEAD, readerOf } from './chat.ts'
import { NEIGHBOURS } from './position.ts'

const MarkBody = Type.Object(
  {
    seq: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Read up to this seq.' }),
    parent: Type.Optional(Type.Integer({ ...Seq, description: 'For the thread of this message alone.' }))
  },
  { additionalProperties: false, examples: [{ seq: 118 }] }
)

const ReceiptSchema = Type.Object({
  user: Type.String({ description: 'The id of a member.' }),
  seq: Type.Integer({ minimum: 0, description: 'The member has read the chat up to this seq.' })
})

/** Adds the route. */
export function markRead (app: Scope): void {
  app.put(
    '/read',
    {
      config: { errors: ['unknown_chat', 'unknown_message', 'forbidden', 'insufficient_scope', 'user_required'] },
      schema: {
        operationId: 'markRead',
        tags: [MESSAGES],
        summary: 'Mark a chat as read',
        description:
          'The mark only grows, and a seq beyond the head counts as the head. It is the same on all devices and in ' +
          'the dialects. Posting moves your own. That of a thread is kept if you follow it.',
        params: ChatParams,
        body: MarkBody,
        response: { 204: noBody('It is marked.') }
      }
    },
    async (request, reply) => {
      const { params: { chat }, body: { seq, parent } } = request
      const { userId, chats: claim } = principalOf(request)
      await app.services.readMarks.markIn({ userId, claim }, chat, { seq, parentSeq: parent })
      return reply.code(204).send(null)
    }
  )
}

/** Adds the route. */
export function listReceipts (app: Scope): void {
  app.get(
    '/receipts',
    {
      config: { errors: ['unknown_chat', 'forbidden', 'insufficient_scope'] },
      schema: {
        operationId: 'listReceipts',
        tags: [MESSAGES],
        summary: 'List how far the members of a chat have read it',
        description:
          'All on one page. Members who do not share their receipts are missing; the list is empty in chats whose ' +
          'type has no receipts, or with more members than `RECEIPTS_MAX_MEMBERS`.',
        params: ChatParams,
        response: {
          200: json('The read marks.', Type.Object({ items: Type.Array(ReceiptSchema), ...NEIGHBOURS, ...HEAD }), {
            items: [{ user: 'user-17', seq: 118 }], next: null, prev: null, head: 120, epoch: '7f3a'
          })
        }
      }
    },
    async (request) => {
      const { access, receipts } = await app.services.readMarks.receipts(readerOf(request), request.params.chat)
      return {
        items: receipts.flatMap(({ userId, username, seq }) => {
          const user = userIdOf(userId, username)
          return user === undefined ? [] : [{ user, seq }]
        }),
        next: null,
        prev: null,
        head: access.lastSeq,
        epoch: app.services.epoch.current
      }
    }
  )
}
