/** The answer of a change of a chat: the chat as it is then. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { json } from '../http/answers.ts'
import { servicesOf } from '../http/idempotency.ts'
import { callerOf } from './caller.ts'
import { ChatSchema, encodeChat, EXAMPLE_CHAT } from './chat.ts'
import { etagOf } from './etag.ts'

const WrittenChat = Type.Object({
  seq: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
    description: 'The seq of the last event of the change; null when nothing had to change.'
  }),
  chat: ChatSchema
})

/** The answer of a change of a chat. */
export const writtenChat = (description: string) => json(description, WrittenChat, { seq: 118, chat: EXAMPLE_CHAT })

/** Answers with a chat as it is after a change. */
export async function sendChat (
  request: FastifyRequest,
  reply: FastifyReply,
  { id, seq, status = 200 }: { id: string, seq: number | null, status?: 200 | 201 }
) {
  const { epoch } = request.server.services
  const view = await servicesOf(request).chats.get(callerOf(request), id)
  return reply.code(status).header('etag', etagOf(view.state.version))
    .send({ seq, chat: encodeChat(view, epoch.current) })
}
