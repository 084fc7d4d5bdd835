/** Rows that a test of the store starts from. */
import type { Orm } from '../../../src/store/database.ts'
import { insertChat, lockChat } from '../../../src/store/chats.ts'
import { advanceMembersVersion, deleteMembers, insertMembers } from '../../../src/store/members.ts'
import { insertUser, type NewUser, type UserRow } from '../../../src/store/users.ts'
import { uniqueName } from '../clients/http.ts'

/** A moment from which tests count. */
export const NOW = new Date('2025-06-27T12:34:56.789Z')

/** So many minutes from {@link NOW}. */
export function minutes (count: number): Date {
  return new Date(NOW.getTime() + count * 60_000)
}

/** The handles of one store. */
export type Connections = [Orm, ...Orm[]]

/** In milliseconds. */
export const MINUTE = 60_000

/** Calls so many at once, over all connections. */
export function atOnce<Result> (
  connections: Connections,
  call: (orm: Orm, index: number) => Promise<Result>,
  count = 20
): Promise<Result[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => call(pick(connections, index), index)))
}

/** The handle of that number, counted round and round. */
export function pick ([first, ...others]: Connections, index: number): Orm {
  return [first, ...others][index % (others.length + 1)] ?? first
}

/** The row of a new account with a unique name. */
export function newUser (name = uniqueName('User-')): NewUser {
  return { username: name, displayName: name, email: `${name}@Example.org`, passwordHash: 'hash', isActive: true }
}

/** Adds an account. */
export async function addUser (orm: Orm, user: NewUser = newUser()): Promise<UserRow> {
  const row = await insertUser(orm, user)
  if (row === undefined) throw new Error(`There is a ${user.username} already.`)
  return row
}

/** A chat and its two participants, the one with the lower id first. */
export type ChatOfTwo = { chatId: number, ann: UserRow, bob: UserRow }

/** Adds two accounts and their chat. */
export async function addChat (orm: Orm): Promise<ChatOfTwo> {
  const [ann, bob] = [await addUser(orm), await addUser(orm)]
  const chatId = await orm.transaction((tx) => insertChat(tx, ann.id, bob.id))
  if (chatId === undefined) throw new Error('The two share a chat already.')
  return { chatId, ann, bob }
}

/** Adds members who see what is behind a seq, without an event, as release 0.1 does it. */
export async function addParticipants (orm: Orm, chatId: number, userIds: number[], fromSeq: number): Promise<void> {
  await insertMembers(orm, chatId, userIds.map((userId) => ({ userId, role: 'member', addedBy: null })), fromSeq)
  await advance(orm, chatId)
}

/** Removes a member without an event, as release 0.1 does it. @returns whether the user was a member */
export async function removeParticipant (orm: Orm, chatId: number, userId: number): Promise<boolean> {
  const isGone = (await deleteMembers(orm, chatId, [userId])).size > 0
  if (isGone) await advance(orm, chatId)
  return isGone
}

async function advance (orm: Orm, chatId: number): Promise<void> {
  const head = await lockChat(orm, chatId)
  if (head === undefined) throw new Error('There is no such chat.')
  await advanceMembersVersion(orm, head)
}
