/**
 * The messages of two users as this dialect shows them. Its clients insert texts as HTML, so texts are escaped here.
 */
import Type, { type Static } from 'typebox'
import type { PartnerPage } from '../../domain/chats/partner-messages.ts'
import { ChatError } from '../../domain/errors.ts'
import { DELETED_TEXT } from '../../domain/events/message.ts'
import { escapeText } from './escaped-text.ts'

const Id = Type.Integer({ minimum: 1 })
const Person = Type.Object({ id: Id, name: Type.String(), username: Type.String() }, { title: 'Person' })

/** A message between the caller and the partner. */
export const PartnerMessageSchema = Type.Object(
  {
    ID: Id,
    SenderID: Id,
    ReceiverID: Id,
    Content: Type.String({ description: 'The text, with `<`, `>`, `&` and `"` as entities of HTML.' }),
    Timestamp: Type.String({ format: 'date-time' }),
    Sender: Person,
    Receiver: Person
  },
  { title: 'PartnerMessage' }
)

/** People of the page: the caller, the partner, and others with whom the caller has a chat. */
export const PeopleSchema = Type.Array(Person, {
  description: 'The caller, the partner, and others whose messages the caller may receive.'
})

/** Reads the id of a partner. @throws {ChatError} `invalid_input` */
export function readPartnerId (text: unknown): number {
  const id = typeof text === 'string' && /^[1-9][0-9]*$/.test(text) ? Number(text) : NaN
  if (!Number.isSafeInteger(id))
    throw new ChatError('invalid_input', 'The field "partner_id" must be the id of a user.')
  return id
}

/** The body of an answer, without its pagination. */
export function encodePartnerPage (
  { people, items }: PartnerPage,
  userId: number,
  partnerId: number
): { users: Static<typeof PeopleSchema>, conversations: Static<typeof PartnerMessageSchema>[] } {
  const users = [...people.values()].map(({ id, displayName, username }) => ({ id, name: displayName, username }))
  const personOf = (id: number) => users.find((user) => user.id === id) ?? { id, name: '', username: '' }
  return {
    users,
    conversations: items.map(({ id, authorId, text, at, deletedAt }) => {
      const receiverId = authorId === userId ? partnerId : userId
      return {
        ID: id,
        SenderID: authorId,
        ReceiverID: receiverId,
        Content: escapeText(deletedAt === null ? text : DELETED_TEXT),
        Timestamp: at.toISOString(),
        Sender: personOf(authorId),
        Receiver: personOf(receiverId)
      }
    })
  }
}
