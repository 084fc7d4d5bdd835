/** Leaving a chat; its last owner says who takes over. */
import { useState } from 'preact/hooks'
import type { Chat, ChatInfo, Member } from '../../../client/index.ts'
import { leaveChat } from '../../../client/management/index.ts'
import { Confirm } from '../design/confirm.tsx'
import { showToast } from '../design/toast.tsx'
import { useSession } from '../session/context.ts'
import { goTo } from '../shell/routes.ts'
import { chatName } from '../state/chats.ts'
import { useChatType } from '../state/chat-types.ts'
import { useLive } from '../state/live.ts'
import { useName } from '../state/people.ts'
import { words } from '../words/more.ts'
import { codeOf } from '../words/problems.ts'

/** The dialog. */
export function LeaveChat ({ chat, info, onClose }: { chat: Chat, info: ChatInfo, onClose: () => void }) {
  const { client } = useSession()
  const { details } = words.value
  const type = useChatType(info.type)
  const [newOwner, setNewOwner] = useState<string | undefined>(undefined)
  const [mustChoose, setMustChoose] = useState(false)
  const name = chatName(info)
  const isAlone = info.member_count <= 1 && info.type !== 'direct'
  const text = isAlone
    ? details.leaveAlone
    : info.type === 'direct'
      ? details.leaveDirectText
      : type?.visibility === 'public' ? details.leavePublicText : details.leaveText
  const leave = async () => {
    try {
      await leaveChat(client, info.id, { newOwner })
    } catch (error) {
      if (codeOf(error) === 'last_owner') setMustChoose(true)
      throw error
    }
    showToast(details.left(name))
    goTo({ screen: 'chats' }, { isReplacing: true })
  }
  return (
    <Confirm title={`${details.leave}?`} text={text} action={details.leave} onConfirm={leave} onClose={onClose}>
      {mustChoose && <Heirs chat={chat} chosen={newOwner} onChoose={setNewOwner} />}
    </Confirm>
  )
}

type HeirsProps = { chat: Chat, chosen: string | undefined, onChoose: (user: string) => void }

function Heirs ({ chat, chosen, onChoose }: HeirsProps) {
  const { client } = useSession()
  const { items } = useLive(chat.members)
  return (
    <fieldset class='heirs'>
      <legend>{words.value.details.leaveNewOwner}</legend>
      {items.filter(({ user }) => user !== client.user).map((member) => (
        <Heir key={member.user} member={member} isChosen={member.user === chosen} onChoose={onChoose} />
      ))}
    </fieldset>
  )
}

type HeirProps = { member: Member, isChosen: boolean, onChoose: (user: string) => void }

function Heir ({ member: { user }, isChosen, onChoose }: HeirProps) {
  const name = useName(user)
  if (user === null) return null
  return (
    <label class='heir'>
      <input type='radio' name='heir' required checked={isChosen} onChange={() => onChoose(user)} />
      <span class='cut'>{name}</span>
    </label>
  )
}
