/** The menu of a member: what the rights of the user allow. */
import type { Member, Membership } from '../../../client/index.ts'
import type { ChatType } from '../../../client/management/index.ts'
import type { MenuEntry } from '../design/menu.tsx'
import { mayBan, mayRemove, mayTransfer, rolesToGive } from '../state/roles.ts'
import { words } from '../words/more.ts'
import { roleName } from './role-name.ts'

/** A member, and the user's own part in the chat. */
export type MemberInChat = { member: Member, me: Membership | null, type: ChatType | null }

/** What the entries do. */
export type MemberActs = {
  sendMessage: (user: string) => void
  give: (user: string, role: string) => void
  ask: (act: 'remove' | 'transfer' | 'ban', user: string) => void
  report: (user: string) => void
}

/** The entries. */
export function memberEntries (
  { member, me, type }: MemberInChat, { sendMessage, give, ask, report: tell }: MemberActs
): MenuEntry[] {
  const { members, report, ban } = words.value
  const { user } = member
  if (user === null) return []
  const entries: MenuEntry[] = [{ icon: 'compose', label: members.message, act: () => sendMessage(user) }]
  const reporting: MenuEntry = { icon: 'flag', label: report.entry, act: () => tell(user) }
  if (type === null || me === null) return [...entries, reporting]
  const [highest] = Object.keys(type.roles)
  for (const role of rolesToGive(type, me, member)) {
    // The highest one is handed over instead.
    if (role !== highest)
      entries.push({ icon: 'shield', label: members.makeRole(roleName(role)), act: () => give(user, role) })
  }
  if (mayTransfer(type, me, member))
    entries.push({ icon: 'key', label: members.transfer, act: () => ask('transfer', user) })
  entries.push(reporting)
  if (mayRemove(type, me, member)) {
    entries.push({
      icon: 'trash', label: members.remove, isDangerous: true, act: () => ask('remove', user)
    })
  }
  if (mayBan(type, me, member))
    entries.push({ icon: 'block', label: ban.entry, isDangerous: true, act: () => ask('ban', user) })
  return entries
}
