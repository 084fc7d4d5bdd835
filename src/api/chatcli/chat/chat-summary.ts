/** A chat in a list of its member. */
import Type, { type Static } from 'typebox'
import type { ChatSummary } from '../../../domain/chats/chats.ts'
import { ChatId } from './ids.ts'

/** Its fields. */
export const ChatSummarySchema = Type.Object(
  {
    chatID: ChatId,
    name: Type.String({ description: 'The name of the other user, or of the group.' }),
    type: Type.Enum(['private', 'group'], { type: 'string', description: 'A `private` chat has two members.' }),
    userID: Type.Optional(Type.Integer({ minimum: 1, description: 'The other user of a private chat.' })),
    lastSeq: Type.Integer({ minimum: 0, description: 'The seq of its newest event; 0 without any.' }),
    lastActivity: Type.String({
      format: 'date-time',
      description: 'When something was last posted, or the chat created.'
    })
  },
  { title: 'ChatSummary' }
)

const AT = '2026-01-31T12:34:56.789Z'

/** A list. */
export const EXAMPLE_CHATS: Static<typeof ChatSummarySchema>[] = [
  { chatID: 1, name: 'bob', type: 'private', userID: 2, lastSeq: 4, lastActivity: AT },
  { chatID: 2, name: 'Lunch', type: 'group', lastSeq: 9, lastActivity: AT }
]

/** A chat under this dialect's names. */
export function encodeChat ({
  chatId,
  type,
  name,
  otherId,
  lastSeq,
  lastAt
}: ChatSummary): Static<typeof ChatSummarySchema> {
  return {
    chatID: chatId,
    name,
    type: type === 'direct' ? 'private' : 'group',
    ...(otherId !== null && { userID: otherId }),
    lastSeq,
    lastActivity: lastAt.toISOString()
  }
}
