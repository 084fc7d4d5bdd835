/** `/v1/chats/{chat}/messages/{seq}/reactions`. */
import Type from 'typebox'
import { userIdOf } from '../../../domain/accounts/user-id.ts'
import { json } from '../../http/answers.ts'
import { limitedAs } from '../../http/quotas.ts'
import type { Scope } from '../../http/scope.ts'
import { DESCRIBED_PAGE_QUERY, PAGE_QUERY, pageSchema, Paging } from '../cursor.ts'
import { MESSAGES } from '../tags.ts'
import { actorOf, MessageParams, readerOf, seqOf } from './chat.ts'
import { answerWritten, EXAMPLE_WRITTEN, WrittenSchema } from './written.ts'

const URL = '/messages/:seq/reactions'
const ReactionParams = Type.Object({
  ...MessageParams.properties, emoji: Type.String({ description: 'An emoji, or a short name.' })
})
const ReactionItem = Type.Object({
  user: Type.Union([Type.String(), Type.Null()], { description: 'The id of a user; null when it is erased.' }),
  emoji: Type.String(),
  created_at: Type.String({ format: 'date-time' })
})
const paging = new Paging(Type.Object({ userId: Type.Integer(), emoji: Type.String() }))

/** Adds the route. */
export function listReactions (app: Scope): void {
  app.get(
    URL,
    {
      config: {
        errors: ['invalid_input', 'unknown_chat', 'unknown_message', 'forbidden', 'insufficient_scope'],
        described: { query: Type.Object(DESCRIBED_PAGE_QUERY) }
      },
      schema: {
        operationId: 'listReactions',
        tags: [MESSAGES],
        summary: 'List the reactions to a message',
        params: MessageParams,
        querystring: Type.Object(PAGE_QUERY, { additionalProperties: false }),
        response: {
          200: json('The reactions.', Type.Object(pageSchema(ReactionItem)), {
            items: [{ user: 'user-17', emoji: '👍', created_at: '2026-11-28T10:15:04.512Z' }], next: null, prev: null
          })
        }
      }
    },
    async (request) => {
      const { params: { chat, ...params }, query } = request
      const seq = seqOf(params)
      const list = `reactions ${chat} ${String(seq)}`
      const page = paging.read(query, list)
      const rows = await app.services.reading.reactions(readerOf(request), { chat, seq, page })
      return paging.page(page, list, rows, {
        positionOf: ({ userId, emoji }) => ({ userId, emoji }),
        encode: ({ userId, username, emoji, at }) =>
          ({ user: userIdOf(userId, username) ?? null, emoji, created_at: at.toISOString() })
      })
    }
  )
}

/** Adds the routes. */
export function changeReactions (app: Scope): void {
  const config = {
    ...limitedAs('reactions'),
    errors: [
      'unknown_chat', 'unknown_message', 'forbidden', 'chat_frozen', 'chat_closed', 'invalid_emoji', 'message_deleted',
      'too_many_marks', 'feature_off', 'user_required', 'insufficient_scope', 'updating', 'overloaded', 'unconfirmed'
    ]
  } as const
  const schema = {
    tags: [MESSAGES],
    params: ReactionParams,
    response: { 200: json('The event, and the message after it.', WrittenSchema, EXAMPLE_WRITTEN) }
  }
  app.put(
    `${URL}/:emoji`,
    { config, schema: { ...schema, operationId: 'addReaction', summary: 'React to a message' } },
    async (request, reply) => {
      const { params: { chat, emoji, ...params } } = request
      const target = { actor: actorOf(request), chat, seq: seqOf(params) }
      return answerWritten(reply, await app.services.writing.react(target, emoji))
    }
  )
  app.delete(
    `${URL}/:emoji`,
    { config, schema: { ...schema, operationId: 'removeReaction', summary: 'Take a reaction back' } },
    async (request, reply) => {
      const { params: { chat, emoji, ...params } } = request
      const target = { actor: actorOf(request), chat, seq: seqOf(params) }
      return answerWritten(reply, await app.services.writing.unreact(target, emoji))
    }
  )
}
