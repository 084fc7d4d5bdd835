/** What is not needed to show the chats, e.g. shortcuts and their dialogs. It is loaded when the page is idle. */
import { useEffect } from 'preact/hooks'
import { useNotifications } from '../notifications/use-notifications.ts'
import { closeSearch } from '../search/search-state.ts'
import { lazy } from '../shell/lazy.tsx'
import { useShortcuts } from '../shortcuts/use-shortcuts.ts'
import { allDrafts, draftKey, keepDraft } from '../state/drafts.ts'
import { words } from '../words/more.ts'
import { shownDialog } from './dialogs.ts'
import { takeLaunch } from './launch.ts'

const Switcher = lazy(async () => (await import('../switcher/switcher.tsx')).Switcher)
const ReportDialog = lazy(async () => (await import('../details/parts.ts')).ReportDialog)
const ShortcutsDialog = lazy(async () => (await import('../shortcuts/shortcut-list.tsx')).ShortcutsDialog)

/** One for the whole page, as long as somebody is signed in. */
export function Extras () {
  useShortcuts()
  useNotifications()
  useEffect(takeLaunch, [])
  useEffect(() => () => {
    // Nothing of one user may be shown to another.
    closeSearch()
    close()
  }, [])
  const { value: dialog } = shownDialog
  if (dialog?.kind === 'switcher') return <Switcher onClose={close} />
  if (dialog?.kind === 'shortcuts') return <ShortcutsDialog onClose={close} />
  if (dialog?.kind === 'report') return <ReportDialog target={dialog.target} user={dialog.user} onClose={close} />
  if (dialog?.kind === 'share') {
    const { shareTitle, shareHint } = words.value.switcher
    return (
      <Switcher
        title={shareTitle} hint={shareHint} onClose={close} onChosen={(chat) => addToDraft(chat, dialog.text)}
      />
    )
  }
  return null
}

function addToDraft (chat: string, text: string): void {
  const key = draftKey(chat)
  const { [key]: before } = allDrafts.value
  keepDraft(key, before === undefined ? text : `${before}\n${text}`)
}

function close (): void {
  shownDialog.value = null
}
