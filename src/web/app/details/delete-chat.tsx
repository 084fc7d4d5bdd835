/** Deleting a chat for everybody. */
import type { ChatInfo } from '../../../client/index.ts'
import { deleteChat } from '../../../client/management/index.ts'
import { Confirm } from '../design/confirm.tsx'
import { showToast } from '../design/toast.tsx'
import { useSession } from '../session/context.ts'
import { goTo } from '../shell/routes.ts'
import { chatName } from '../state/chats.ts'
import { words } from '../words/more.ts'

/** The dialog. */
export function DeleteChat ({ info, onClose }: { info: ChatInfo, onClose: () => void }) {
  const { client } = useSession()
  const { details } = words.value
  const name = chatName(info)
  return (
    <Confirm
      title={`${details.remove}?`} text={details.removeText(name)} action={details.remove} onClose={onClose}
      onConfirm={async () => {
        await deleteChat(client, info.id)
        showToast(details.removed(name))
        goTo({ screen: 'chats' }, { isReplacing: true })
      }}
    />
  )
}
