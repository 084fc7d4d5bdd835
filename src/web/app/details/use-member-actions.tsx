/** What can be done with a member of a chat. */
import { useState } from 'preact/hooks'
import type { Chat, ChatInfo, Member } from '../../../client/index.ts'
import { changeRole, removeMember, transferChat } from '../../../client/management/index.ts'
import { Confirm } from '../design/confirm.tsx'
import type { MenuEntry } from '../design/menu.tsx'
import { showProblem, showToast } from '../design/toast.tsx'
import { shownDialog } from '../extras/dialogs.ts'
import { BanDialog } from '../moderation/ban-dialog.tsx'
import { useSession } from '../session/context.ts'
import { goTo } from '../shell/routes.ts'
import { useChatType } from '../state/chat-types.ts'
import { type MemberChange, withChanges } from '../state/roles.ts'
import { words } from '../words/more.ts'
import { memberEntries } from './member-entries.ts'
import { roleName } from './role-name.ts'

type Target = { member: Member, user: string, name: string }
type Asked = Target & { act: 'remove' | 'transfer' | 'ban' }

/** Returns the members with what is under way, the entries of their menus, and the question that is open. */
export function useMemberActions (chat: Chat, info: ChatInfo) {
  const { client } = useSession()
  const { members } = words.value
  const type = useChatType(info.type)
  const { changes, change, takeBack } = useChanges()
  const [asked, setAsked] = useState<Asked | null>(null)
  const setRole = async (user: string, role: string) => changeRole(client, chat.id, { user, role })
  const give = async ({ member, user, name }: Target, role: string) => {
    await change(member, { ...member, role }, async () => setRole(user, role))
    const act = () => {
      takeBack(member)
      setRole(user, member.role).catch(showProblem)
    }
    showToast(members.isNow(name, roleName(role)), { action: { label: words.value.undo, act } })
  }
  const confirm = async ({ act, member, user, name }: Asked) => {
    if (act === 'remove') {
      await change(member, null, async () => removeMember(client, chat.id, { user }))
      showToast(members.removed(name))
      return
    }
    await transferChat(client, chat.id, { user })
    showToast(members.transferred(name))
    // The user's own rights are others now.
    await chat.refresh().catch(() => undefined)
  }
  const entriesOf = (member: Member, name: string): MenuEntry[] => memberEntries({ member, me: info.me, type }, {
    sendMessage: (user) => {
      client.directChat(user).then(({ id }) => goTo({ screen: 'chats', chat: id }), showProblem)
    },
    give: (user, role) => void give({ member, user, name }, role).catch(showProblem),
    ask: (act, user) => setAsked({ act, member, user, name }),
    report: (user) => {
      shownDialog.value = { kind: 'report', target: { user, chat: chat.id }, user }
    }
  })
  const dialog = asked !== null && (
    <Question
      asked={asked} chatId={chat.id} onConfirm={async () => confirm(asked)} onClose={() => setAsked(null)}
      onBanned={async () => change(asked.member, null, async () => undefined)}
    />
  )
  return { apply: (items: readonly Member[]) => withChanges(items, changes), entriesOf, dialog }
}

type QuestionProps = {
  asked: Asked
  chatId: string
  onConfirm: () => Promise<void>
  onBanned: () => Promise<void>
  onClose: () => void
}

function Question ({ asked: { act, user, name }, chatId, onConfirm, onBanned, onClose }: QuestionProps) {
  const { members } = words.value
  if (act === 'ban') return <BanDialog chatId={chatId} user={user} name={name} onBanned={onBanned} onClose={onClose} />
  const isRemoval = act === 'remove'
  return (
    <Confirm
      title={isRemoval ? members.removeTitle(name) : members.transferTitle(name)}
      text={isRemoval ? members.removeText : members.transferText}
      action={isRemoval ? members.removeAction : members.transferAction} onConfirm={onConfirm} onClose={onClose}
    />
  )
}

/** Changes that show at once, and are taken back if the server refuses. */
function useChanges () {
  const [changes, setChanges] = useState<readonly MemberChange[]>([])
  const takeBack = (member: Member) => setChanges((all) => all.filter(({ before }) => before !== member))
  const change = async (before: Member, after: Member | null, send: () => Promise<unknown>) => {
    setChanges((all) => [...all, { before, after }])
    try {
      await send()
    } catch (error) {
      takeBack(before)
      throw error
    }
  }
  return { changes, change, takeBack }
}
