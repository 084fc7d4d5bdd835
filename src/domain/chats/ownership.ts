/** The highest role of a chat, which somebody has to have. */
import { hasOtherWithRole, updateMember } from '../../store/members.ts'
import { type KnownUser, requireUser } from '../accounts/find-users.ts'
import { ChatError } from '../errors.ts'
import type { Caller } from './caller.ts'
import { changeChat, type Changed, type LockedChat } from './chat-transaction.ts'
import { highestRole } from './chat-types.ts'
import type { ChatDeps } from './direct-chats.ts'
import { type Member, memberOf, requireGroup, requireMember } from './member.ts'

/**
 * Makes another member the owner; a user who is it gets the role below.
 * @returns the new owner
 * @throws {ChatError} `unknown_chat`, `unknown_user`, `not_a_member`, `forbidden`, `chat_is_direct`, `updating`
 */
export async function transferChat (
  deps: ChatDeps,
  caller: Caller,
  id: string,
  userId: string
): Promise<Changed<Member>> {
  const newOwner = await requireUser(deps.orm, userId)
  return changeChat(deps, caller, id, async (chat) => {
    requireGroup(chat)
    const owner = await makeOwner(chat, newOwner)
    const [, below] = chat.definition.roles
    if (caller.user !== null && caller.user.userId !== newOwner.userId && below !== undefined)
      await giveRole(chat, caller.user, chat.authority.role ?? below.role, below.role)
    return owner
  })
}

/** Gives a member the caller's role, which has to be the highest. @throws {ChatError} `forbidden`, `not_a_member` */
export async function makeOwner (chat: LockedChat, user: KnownUser): Promise<Member> {
  if (!chat.authority.isHighest) throw new ChatError('forbidden')
  const before = await requireMember(chat, user)
  const highest = highestRole(chat.definition)
  return before.role === highest ? memberOf(user, highest, before) : giveRole(chat, user, before.role, highest)
}

async function giveRole (
  { tx, change }: LockedChat, user: KnownUser, before: string, role: string
): Promise<Member> {
  const state = await updateMember(tx, change.chatId, user.userId, { role })
  if (state === undefined) throw new ChatError('not_a_member')
  await change.noteMember({ ...user, role }, state, before)
  return memberOf(user, role, state)
}

/** Checks that somebody else has the highest role, if a member with it goes. @throws {ChatError} `last_owner` */
export async function requireOtherOwner ({ tx, definition, change }: LockedChat, users: KnownUser[], role: string) {
  if (role !== highestRole(definition)) return
  const isLeft = await hasOtherWithRole(tx, change.chatId, role, users.map(({ userId }) => userId))
  if (!isLeft) throw new ChatError('last_owner')
}
