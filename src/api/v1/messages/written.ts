/** The answer to a request that writes a message. */
import type { FastifyReply } from 'fastify'
import Type, { type Static } from 'typebox'
import type { Written } from '../../../domain/events/writing.ts'
import { etagOf } from '../etag.ts'
import { encodeMessage, EXAMPLE_MESSAGE, MessageSchema } from '../message.ts'

/** See {@link answerWritten}. */
export const WrittenSchema = Type.Object({
  seq: Type.Union([Type.Integer(), Type.Null()], {
    description: 'The seq of the event; null when there was nothing to store.'
  }),
  message: MessageSchema
})

export const EXAMPLE_WRITTEN: Static<typeof WrittenSchema> = { seq: EXAMPLE_MESSAGE.seq, message: EXAMPLE_MESSAGE }

/** Prepares the answer: the event, and the message as it is now. */
export function answerWritten (reply: FastifyReply, written: Written): Static<typeof WrittenSchema> {
  const { access, message, own, seq, isDuplicate } = written
  reply.header('etag', etagOf(message.version))
  if (isDuplicate) reply.header('idempotency-replayed', 'true')
  return { seq: seq ?? null, message: encodeMessage(message, access.id, own) }
}
