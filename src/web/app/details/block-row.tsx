/** Blocking the other one of a direct chat. */
import { useState } from 'preact/hooks'
import type { Chat, ChatInfo } from '../../../client/index.ts'
import { blockUser, listBlocks } from '../../../client/management/index.ts'
import { Confirm } from '../design/confirm.tsx'
import { ActionRow } from '../design/rows.tsx'
import { showProblem, showToast } from '../design/toast.tsx'
import { useSession } from '../session/context.ts'
import { chatName } from '../state/chats.ts'
import { useLive } from '../state/live.ts'
import { useLoaded } from '../state/loaded.ts'
import { words } from '../words/more.ts'
import { otherOf } from './members.ts'

/** The row; nothing before it is known who the other one is. */
export function BlockRow ({ chat, info }: { chat: Chat, info: ChatInfo }) {
  const { client } = useSession()
  const { members } = words.value
  const other = otherOf(useLive(chat.members).items, client.user)
  const { value: blocks, reload } = useLoaded((signal) => listBlocks(client, { signal }))
  const [isAsking, setAsking] = useState(false)
  if (other === null || blocks === undefined) return null
  const isBlocked = blocks.some(({ user }) => user === other)
  const name = chatName(info)
  const block = async (isBlocked: boolean) => {
    await blockUser(client, { user: other, isBlocked })
    showToast(isBlocked ? members.blocked(name) : members.unblocked(name))
    reload()
    // What the user may do in the chat is another matter now.
    await chat.refresh().catch(() => undefined)
  }
  return (
    <>
      <ActionRow
        icon='block' isDangerous={!isBlocked} label={isBlocked ? members.unblock : members.block}
        onClick={() => isBlocked ? void block(false).catch(showProblem) : setAsking(true)}
      />
      {isAsking && (
        <Confirm
          title={members.blockTitle(name)} text={members.blockText} action={members.block}
          onConfirm={async () => block(true)} onClose={() => setAsking(false)}
        />
      )}
    </>
  )
}
