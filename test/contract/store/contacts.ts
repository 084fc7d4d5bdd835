/** What the store owes those who want to know who is online: who shares a chat, of those that are not too large. */
import type { Test } from 'tap'
import { findUsernames, listContacts, listContactsIn, MAX_MEMBERS_OF_CONTACTS } from '../../../src/store/contacts.ts'
import type { Orm } from '../../../src/store/database.ts'
import { addChat, addParticipants, addUser, removeParticipant } from '../../support/data/rows.ts'

/** Runs the suite on one store. */
export async function testContacts (t: Test, orm: Orm): Promise<void> {
  const contactsOf = async (userId: number) =>
    (await listContacts(orm, [userId]))[0]?.contactIds.toSorted((one, other) => one - other)

  await t.test('contacts share a chat, each once, and are none after they have left it', async (t) => {
    const [first, second] = [await addChat(orm), await addChat(orm)]
    const { ann, bob } = first
    await addParticipants(orm, second.chatId, [ann.id, bob.id], 0)
    t.strictSame(await contactsOf(ann.id), [bob.id, second.ann.id, second.bob.id])
    t.strictSame(
      (await listContacts(orm, [bob.id, second.bob.id])).map(({ userId, contactIds }) => [userId, contactIds.length]),
      [[bob.id, 3], [second.bob.id, 3]]
    )
    await removeParticipant(orm, second.chatId, ann.id)
    t.strictSame(await contactsOf(ann.id), [bob.id])
    t.strictSame((await listContactsIn(orm, first.chatId)).toSorted(), [ann.id, bob.id].toSorted())
    t.strictSame(await contactsOf((await addUser(orm)).id), [])
    const names = new Map([ann, bob].map(({ id, username }) => [id, username]))
    t.strictSame(await findUsernames(orm, [...names.keys()]), names)
  })

  await t.test('a large chat makes no contacts', async (t) => {
    const { chatId, ann, bob } = await addChat(orm)
    const nobody = Array.from({ length: MAX_MEMBERS_OF_CONTACTS - 2 }, (_, index) => 1_000_000_000 + index)
    await addParticipants(orm, chatId, nobody, 0)
    t.strictSame(await contactsOf(ann.id), [bob.id, ...nobody])
    t.equal((await listContactsIn(orm, chatId)).length, MAX_MEMBERS_OF_CONTACTS)
    await addParticipants(orm, chatId, [2_000_000_000], 0)
    t.strictSame([await contactsOf(ann.id), await listContactsIn(orm, chatId)], [[], []])
  })
}
