/** What the routes below `/v1/chats/{chat}` have in common. */
import Type from 'typebox'
import type { FastifyRequest } from 'fastify'
import type { Caller } from '../../../domain/chats/chat-reader.ts'
import { ChatError } from '../../../domain/errors.ts'
import type { Writer } from '../../../domain/events/writing.ts'
import { ChatParams } from '../chat-path.ts'

/** The chat in a path. */
export { ChatParams }

/** The message in a path. */
export const MessageParams = Type.Object({
  ...ChatParams.properties, seq: Type.String({ description: 'The number of the message in its chat.' })
})

/** The position that an answer is true for. */
export const HEAD = {
  head: Type.Integer({ minimum: 0, description: 'The seq that this answer is true for.' }),
  epoch: Type.String({ description: 'Another one means that the server went back to an earlier state.' })
}

/** Who acts: a user, perhaps through a key, or a key by itself. */
export function actorOf ({ principal, apiKey, ip }: FastifyRequest): Writer {
  return {
    userId: principal?.userId ?? null,
    username: principal?.username ?? '',
    keyId: apiKey?.id,
    claim: principal?.chats,
    address: ip
  }
}

/** Who reads: a user, or a key by itself. */
export function readerOf ({ principal }: FastifyRequest): Caller {
  return { userId: principal?.userId ?? null, claim: principal?.chats }
}

/** The seq of the message in a path. @throws {ChatError} `unknown_message` for what is none */
export function seqOf ({ seq }: { seq: string }): number {
  if (!/^[1-9]\d{0,14}$/.test(seq)) throw new ChatError('unknown_message')
  return Number(seq)
}
