/** What a member may do with another one, by their roles. The server decides; this is what is offered. Pure. */
import type { Member } from '../../../client/index.ts'
import type { ChatType } from '../../../client/management/index.ts'

/** A role by its rank: 0 is the highest. One that the type does not have is below all others. */
export function rankOf (type: ChatType, role: string | null): number {
  const roles = Object.keys(type.roles)
  const rank = roles.indexOf(role ?? '')
  return rank === -1 ? roles.length : rank
}

/** The user's own part in a chat. */
export type Own = { readonly role: string | null, readonly permissions: readonly string[] }

/** The roles that may be given to a member, its present one left out. */
export function rolesToGive (type: ChatType, me: Own, member: Member): string[] {
  if (!me.permissions.includes('change_roles')) return []
  const mine = rankOf(type, me.role)
  if (mine > 0 && rankOf(type, member.role) <= mine) return []
  return Object.keys(type.roles).filter((role) => role !== member.role && (mine === 0 || rankOf(type, role) > mine))
}

/** Whether a member may be removed. */
export function mayRemove (type: ChatType, me: Own, member: Member): boolean {
  return me.permissions.includes('remove_members') && rankOf(type, member.role) >= rankOf(type, me.role)
}

/** Whether a member may be banned. */
export function mayBan (type: ChatType, me: Own, member: Member): boolean {
  return me.permissions.includes('moderate') && rankOf(type, member.role) >= rankOf(type, me.role)
}

/** Whether the chat may be handed over. */
export function mayTransfer (type: ChatType, me: Own, member: Member): boolean {
  return me.role !== null && rankOf(type, me.role) === 0 && rankOf(type, member.role) > 0 &&
    Object.keys(type.roles).length > 1
}

/** A change that shows before the server has made it: `after` is null for one who is removed. */
export type MemberChange = { readonly before: Member, readonly after: Member | null }

/**
 * The members with the changes that are under way. A change is over when the member is another one than before it:
 * the list has learned what became of it. In large chats it never does, and the change stays.
 */
export function withChanges (members: readonly Member[], changes: readonly MemberChange[]): readonly Member[] {
  if (changes.length === 0) return members
  const byMember = new Map(changes.map(({ before, after }) => [before, after]))
  const latest = (member: Member): Member | null => {
    const after = byMember.get(member)
    return after === undefined ? member : after === null ? null : latest(after)
  }
  return members.flatMap((member) => latest(member) ?? [])
}

/** Those with the highest roles first, else in their order. */
export function byRole (type: ChatType, members: readonly Member[]): Member[] {
  return members.toSorted((one, other) => rankOf(type, one.role) - rankOf(type, other.role))
}
