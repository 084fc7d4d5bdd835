/** How the page was opened: by a shortcut of the installed application, or by another one that shares something. */
import { openSearch } from '../search/search-state.ts'
import { shownDialog } from './dialogs.ts'

/** Reads the part of the address behind the `?`, and does what it says, once. */
export function takeLaunch (): void {
  const query = new URLSearchParams(location.search)
  if (query.size === 0) return
  history.replaceState(null, '', `${location.pathname}${location.hash}`)
  const wanted = query.get('open')
  const text = ['title', 'text', 'url'].map((name) => query.get(name)?.trim() ?? '').filter((part) => part !== '')
  if (wanted === 'search') openSearch({})
  else if (wanted === 'switcher') shownDialog.value = { kind: 'switcher' }
  else if (text.length > 0) shownDialog.value = { kind: 'share', text: [...new Set(text)].join('\n') }
}
