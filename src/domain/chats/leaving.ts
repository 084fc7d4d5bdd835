/** Ends of memberships in chats of any type. */
import * as store from '../../store/chats.ts'
import { countMembersOf, findLongestWithRole, hasOtherWithRole, updateMember } from '../../store/members.ts'
import type { Orm } from '../../store/database.ts'
import { findUserById } from '../../store/users.ts'
import { ChatError } from '../errors.ts'
import { findDefinitions } from './access.ts'
import { type ChatTypeDefinition, highestRole } from './chat-types.ts'
import type { ChatDeps } from './direct-chats.ts'
import { type Actor, byUser, type MemberUser } from './caller.ts'
import { MembershipChange } from './membership-change.ts'

/**
 * Removes a user from a chat; when its last member leaves, the chat and its messages are deleted.
 * @throws {ChatError} `not_a_participant`
 */
export async function leave ({ memberships }: ChatDeps, user: Actor, chatId: number): Promise<void> {
  await memberships.run(async (tx, rules) => {
    const head = await store.lockChat(tx, chatId)
    if (head === undefined) throw new ChatError('not_a_participant')
    const change = new MembershipChange(tx, head, byUser(user), rules)
    if (!(await removeFrom(tx, change, [user]))) throw new ChatError('not_a_participant')
    return { result: undefined, change }
  })
}

/**
 * Removes members from a locked chat. If nobody is left with the highest role, which one of them had, the member with
 * the next one gets it; if nobody is left at all, the chat is deleted.
 * @returns whether any of them was a member
 */
export async function removeFrom (tx: Orm, change: MembershipChange, users: readonly MemberUser[]): Promise<boolean> {
  const { chatId } = change
  const chat = await store.findChat(tx, chatId)
  const gone = await change.remove(users)
  if (gone.size === 0) return false
  const definition = chat && (await findDefinitions(tx, [chat.type])).get(chat.type)
  if ((await countMembersOf(tx, change.head)) === 0) {
    await store.removeChat(tx, chatId)
    change.end()
  } else if (definition !== undefined) {
    const highest = highestRole(definition)
    const isOwnerLeaving = [...gone.values()].some(({ role }) => role === highest)
    if (isOwnerLeaving && !(await hasOtherWithRole(tx, chatId, highest, []))) await appointOwner(tx, change, definition)
  }
  return true
}

/** Gives the highest role to the member who has had the next one for the longest time. */
async function appointOwner (tx: Orm, change: MembershipChange, definition: ChatTypeDefinition): Promise<void> {
  const { chatId } = change
  for (const { role } of definition.roles) {
    const userId = await findLongestWithRole(tx, chatId, role)
    if (userId !== undefined) return giveRole(tx, change, userId, highestRole(definition))
  }
}

/** Gives a member another role. */
async function giveRole (tx: Orm, change: MembershipChange, userId: number, role: string): Promise<void> {
  const state = await updateMember(tx, change.chatId, userId, { role })
  const user = await findUserById(tx, userId)
  if (state === undefined || user === undefined) return
  await change.noteMember({ userId, username: user.username, role }, state)
}
