/** What can be done with a chat in the list. */
import type { ChatInfo, Membership } from '../../../client/index.ts'
import type { OwnSettings } from '../../../client/management/index.ts'
import type { MenuEntry } from '../design/menu.tsx'
import { showProblem, showToast } from '../design/toast.tsx'
import { openSearch } from '../search/search-state.ts'
import type { Session } from '../session/session.ts'
import { chatName } from '../state/chats.ts'
import { words } from '../words/index.ts'

/** Changes the user's own settings of a chat; the list follows. */
export async function changeOwn ({ client }: Session, id: string, settings: OwnSettings): Promise<void> {
  const chat = client.chat(id)
  const before = chat.info?.me
  const show = (changed: OwnSettings) => {
    const { info } = chat
    if (info?.me != null) chat.load({ ...info, me: { ...info.me, ...changed } })
  }
  // It shows at once, and is taken back if the server refuses: what has come meanwhile stays.
  show(settings)
  try {
    await client.request(`/chats/${id}/me`, { method: 'PATCH', body: settings })
  } catch (error) {
    showProblem(error)
    if (before != null) show(settingsOf(before, settings))
  }
}

/** Those of the settings that are to be changed, as they are. */
function settingsOf ({ muted, pinned, archived, notifications }: Membership, changed: OwnSettings): OwnSettings {
  return {
    ...(changed.muted !== undefined && { muted }),
    ...(changed.pinned !== undefined && { pinned }),
    ...(changed.archived !== undefined && { archived }),
    ...(changed.notifications !== undefined && { notifications })
  }
}

/** The entries of the menu of a chat. */
export function chatEntries (session: Session, chat: ChatInfo): MenuEntry[] {
  const { id, me, unread } = chat
  const { chats, undo } = words.value
  if (me === null) return []
  const archive = async () => {
    await changeOwn(session, id, { archived: !me.archived })
    if (me.archived) return
    showToast(chats.archivedNow(chatName(chat)), {
      action: { label: undo, act: () => void changeOwn(session, id, { archived: false }) }
    })
  }
  return [
    ...(unread > 0
      ? [{ icon: 'check', label: chats.markRead, act: () => session.client.chat(id).markRead() } as const]
      : []),
    {
      icon: 'pin',
      label: me.pinned ? chats.unpin : chats.pin,
      act: () => void changeOwn(session, id, { pinned: !me.pinned })
    },
    {
      icon: me.muted ? 'bell' : 'bellOff',
      label: me.muted ? chats.unmute : chats.mute,
      act: () => void changeOwn(session, id, { muted: !me.muted })
    },
    { icon: 'search', label: chats.searchHere, act: () => openSearch({ chat: id }) },
    { icon: 'archive', label: me.archived ? chats.unarchive : chats.archive, act: () => void archive() }
  ]
}
