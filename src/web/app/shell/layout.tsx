/** The chats, the open one, and a panel beside it: side by side where there is room, one at a time on phones. */
import { useEffect, useLayoutEffect } from 'preact/hooks'
import { ChatList } from '../chat-list/chat-list.tsx'
import { EmptyState } from '../design/empty-state.tsx'
import { forwarded } from '../timeline/forward.ts'
import { words } from '../words/index.ts'
import { shownSearch } from '../search/search-state.ts'
import { ConnectionBanner } from './connection-banner.tsx'
import { PANELS } from './panels.tsx'
import { route } from './routes.ts'
import { lazy } from './lazy.tsx'
import { Title } from './title.ts'

const loadConversation = async () => (await import('../timeline/conversation.tsx')).Conversation
const Conversation = lazy(loadConversation)
const ForwardDialog = lazy(async () => (await import('../timeline/forward-dialog.tsx')).ForwardDialog)
const SearchPane = lazy(async () => (await import('../search/search-pane.tsx')).SearchPane)

/** The screen of the chats. */
export function Layout () {
  useEffect(() => {
    // The list is there without it, and the first chat that is opened shall not wait for it.
    loadConversation().catch(() => undefined)
  }, [])
  useLayoutEffect(() => {
    // The form to sign in had the focus, and is gone.
    if (document.activeElement === document.body) document.querySelector<HTMLElement>('.pane-list h1')?.focus()
  }, [])
  const { value: shown } = route
  const chat = shown.screen === 'chats' ? shown.chat : undefined
  const panel = shown.screen === 'chats' ? shown.panel : undefined
  const Panel = panel !== undefined && Object.hasOwn(PANELS, panel.name) ? PANELS[panel.name] : undefined
  const pane = Panel !== undefined ? 'panel' : chat !== undefined ? 'chat' : 'list'
  return (
    <div class='layout' data-pane={pane}>
      <a class='skip-link' href='#conversation' onClick={skipToMessages}>{words.value.shell.skipToMessages}</a>
      <Title />
      <ConnectionBanner />
      <main class='panes'>
        <section class='pane pane-list' aria-label={words.value.chats.title}>
          {shownSearch.value > 0 ? <SearchPane /> : <ChatList />}
        </section>
        <section class='pane pane-chat' id='conversation' tabIndex={-1}>
          {chat === undefined
            ? <EmptyState icon='thread' title={words.value.shell.nothingOpen} />
            : <Conversation key={chat} chatId={chat} />}
        </section>
        {Panel !== undefined && chat !== undefined && (
          <section class='pane pane-panel' key={`${chat} ${String(panel?.name)} ${String(panel?.argument)}`}>
            <Panel chatId={chat} argument={panel?.argument} />
          </section>
        )}
      </main>
      {forwarded.value !== null && <ForwardDialog message={forwarded.value} />}
    </div>
  )
}

function skipToMessages (event: Event): void {
  event.preventDefault()
  document.querySelector<HTMLElement>('.pane-chat textarea, .pane-chat .scroller')?.focus()
}
