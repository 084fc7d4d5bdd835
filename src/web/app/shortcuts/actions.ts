/** What the shortcuts do. */
import { modeOf } from '../composer/mode.ts'
import { shownDialog } from '../extras/dialogs.ts'
import { openSearch } from '../search/search-state.ts'
import type { Session } from '../session/session.ts'
import { goTo, openChat, route, showPanel } from '../shell/routes.ts'
import { arrangeChats, may } from '../state/chats.ts'
import { draftKey } from '../state/drafts.ts'
import type { ShortcutName } from './keys.ts'
import { neighbourOf, nextUnread } from './neighbours.ts'

/** Does it. @returns whether there was something to do; otherwise the key keeps its usual meaning */
export function act (name: ShortcutName, session: Session): boolean {
  switch (name) {
    case 'switcher':
      shownDialog.value = shownDialog.value === null ? { kind: 'switcher' } : null
      return true
    case 'list':
      shownDialog.value = { kind: 'shortcuts' }
      return true
    case 'search':
      openSearch({})
      return true
    case 'next':
      return open(neighbourOf(listed(session), openChat.value, 1))
    case 'previous':
      return open(neighbourOf(listed(session), openChat.value, -1))
    case 'unread':
      return open(nextUnread(listed(session), openChat.value))
    case 'write':
      return focus('.pane-chat textarea')
    case 'newest':
      return click('.pane-chat .to-newest')
    case 'close':
      return closePanel()
    case 'reply':
      return changeMode(session, 'reply')
    case 'edit':
      return changeMode(session, 'edit')
  }
}

function listed ({ client }: Session) {
  return arrangeChats(client.chats.getSnapshot().items, { isArchive: false, filter: '' })
}

function open (chat: string | undefined): boolean {
  if (chat === undefined || chat === openChat.value) return false
  goTo({ screen: 'chats', chat })
  return true
}

function focus (selector: string): boolean {
  const element = document.querySelector<HTMLElement>(selector)
  element?.focus()
  return element !== null
}

function click (selector: string): boolean {
  const element = document.querySelector<HTMLElement>(selector)
  element?.click()
  return element !== null
}

function closePanel (): boolean {
  const { value } = route
  if (value.screen !== 'chats' || value.panel === undefined) return false
  showPanel(undefined)
  focus('.pane-chat textarea')
  return true
}

/** Replies to the last message of somebody else, or edits the last one of the user. */
function changeMode ({ client }: Session, kind: 'reply' | 'edit'): boolean {
  const { value: id } = openChat
  if (id === undefined) return false
  const chat = client.chat(id)
  const { user } = client
  const message = chat.messages.getSnapshot().items.findLast(({ author, seq, deleted_at }) =>
    seq !== null && deleted_at === null && (author === user) === (kind === 'edit'))
  if (message === undefined || !may(chat.info, kind === 'edit' ? 'edit_own' : 'post')) return false
  modeOf(draftKey(id)).value = { kind, message }
  return true
}
