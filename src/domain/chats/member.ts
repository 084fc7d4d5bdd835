/** A member of a chat. */
import { findMembers, type MemberState } from '../../store/members.ts'
import type { KnownUser } from '../accounts/find-users.ts'
import { ChatError } from '../errors.ts'
import type { MemberDetails } from '../events/event.ts'
import type { LockedChat } from './chat-transaction.ts'

/** A member as it is shown. */
export type Member = KnownUser & { role: string, joinedAt: string, data: Readonly<Record<string, unknown>> }

/** What is stored of a member. @throws {ChatError} `not_a_member` */
export async function requireMember ({ tx, change }: LockedChat, { userId }: KnownUser): Promise<MemberState> {
  const state = (await findMembers(tx, change.chatId, [userId])).get(userId)
  if (state === undefined) throw new ChatError('not_a_member')
  return state
}

/** Checks that the members of a chat may change. @throws {ChatError} `chat_is_direct` */
export function requireGroup ({ chat }: LockedChat): void {
  if (chat.type === 'direct') throw new ChatError('chat_is_direct')
}

/** Shows a member. */
export function memberOf (
  { userId, username }: KnownUser,
  role: string,
  state: Pick<MemberState, 'joinedAt' | 'data'> | MemberDetails | undefined
): Member {
  const { joinedAt = new Date(), data } = state ?? {}
  return {
    userId, username, role, joinedAt: typeof joinedAt === 'string' ? joinedAt : joinedAt.toISOString(), data: data ?? {}
  }
}
