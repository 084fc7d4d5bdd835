/** A member in the list: who, whether there, and the role. */
import type { Member } from '../../../client/index.ts'
import { Avatar } from '../design/avatar.tsx'
import { Menu, type MenuEntry } from '../design/menu.tsx'
import { useSession } from '../session/context.ts'
import { useLive } from '../state/live.ts'
import { useUser } from '../state/people.ts'
import { words } from '../words/more.ts'
import { roleName } from './role-name.ts'

/** Properties of {@link MemberRow}. */
export type MemberRowProps = { member: Member, entries: (name: string) => readonly MenuEntry[] }

/** The row. */
export function MemberRow ({ member: { user: id, role }, entries }: MemberRowProps) {
  const { client } = useSession()
  const { people, members } = words.value
  const user = useUser(id)
  const { status } = useLive(client.presenceOf(id ?? ''))
  const name = id === null ? people.erased : user?.name ?? people.loading
  const isMe = id === client.user
  const isOnline = !isMe && status === 'online'
  return (
    <div class='member'>
      <Avatar id={id ?? ''} name={name} picture={user?.avatar ?? null} size='l' isOnline={isOnline} />
      <span class='member-text'>
        <span class='member-name cut' dir='auto'>{isMe ? members.you(name) : name}</span>
        <span class='member-role cut'>{roleName(role)}{isOnline && <span class='unseen'>, {people.online}</span>}</span>
      </span>
      {!isMe && id !== null && (
        <Menu icon='more' size='s' label={members.actions(name)} entries={() => entries(name)} />
      )}
    </div>
  )
}
