/** The list of chats, with its filter. */
import { useSignal } from '@preact/signals'
import { useState } from 'preact/hooks'
import type { ChatInfo } from '../../../client/index.ts'
import { Avatar } from '../design/avatar.tsx'
import { Button, IconButton } from '../design/button.tsx'
import { EmptyState } from '../design/empty-state.tsx'
import { Icon } from '../design/icon.tsx'
import { Spinner } from '../design/spinner.tsx'
import { VirtualRows } from '../design/virtual-rows.tsx'
import { useSession } from '../session/context.ts'
import { openSearch } from '../search/search-state.ts'
import { lazy } from '../shell/lazy.tsx'
import { goTo, openChat } from '../shell/routes.ts'
import { arrangeChats } from '../state/chats.ts'
import { useLive } from '../state/live.ts'
import { words } from '../words/index.ts'
import { problemText } from '../words/problems.ts'
import { ChatRow } from './chat-row.tsx'
import { moveInList } from './keys.ts'

/** The height of a row, in `rem`. */
const ROW_HEIGHT = 4.5

const NewChat = lazy(async () => (await import('../details/parts.ts')).NewChat)

/** The pane. */
export function ChatList () {
  const { client, me } = useSession()
  const list = useLive(client.chats)
  const filter = useSignal('')
  const [isArchive, setArchive] = useState(false)
  const [isNew, setNew] = useState(false)
  const { chats, shell } = words.value
  const shown = arrangeChats(list.items, { isArchive, filter: filter.value })
  const archived = list.items.filter((chat) => chat.me?.archived === true).length
  const name = me.value?.name ?? ''
  const [left, setLeft] = useState<string | undefined>(undefined)
  const stop = [left, openChat.value].find((id) => shown.some((chat) => chat.id === id)) ?? shown[0]?.id
  return (
    <>
      <header class='pane-head'>
        {isArchive
          ? <IconButton icon='back' label={words.value.back} onClick={() => setArchive(false)} />
          : (
              <button
                type='button' class='own-avatar' aria-label={shell.account} title={shell.account}
                onClick={() => goTo({ screen: 'settings', section: '' })}
              >
                <Avatar id={client.user ?? ''} name={name} picture={me.value?.avatar ?? null} size='l' />
              </button>
            )}
        <h1 class='pane-title grow cut' tabIndex={-1}>{isArchive ? chats.archived : chats.title}</h1>
        <IconButton icon='search' label={chats.search} onClick={() => openSearch({})} />
        <IconButton icon='compose' label={chats.newChat} onClick={() => setNew(true)} />
      </header>
      <div class='chat-filter'>
        <Icon name='search' />
        <input
          type='search' class='text-field' aria-label={chats.filter} placeholder={chats.filter} value={filter.value}
          onInput={({ currentTarget }) => {
            filter.value = currentTarget.value
          }}
        />
      </div>
      {!isArchive && archived > 0 && filter.value === '' && (
        <button type='button' class='archive-row' onClick={() => setArchive(true)}>
          <Icon name='archive' />{chats.showArchived(archived)}
        </button>
      )}
      <nav class='chat-nav' aria-label={chats.title} onKeyDown={moveInList}
        onFocusIn={({ target }) => setLeft(chatOf(target))}
      >
        {shown.length === 0
          ? <NoChats state={list} isFiltered={filter.value !== '' || isArchive} onNew={() => setNew(true)} />
          : (
              <VirtualRows
                items={shown} rowHeight={ROW_HEIGHT} keyOf={idOf} label={chats.title}
                render={(chat) => <ChatRow chat={chat} isStop={chat.id === stop} />}
                onNearEnd={list.hasMore ? () => void client.chats.loadMore().catch(() => undefined) : undefined}
              />
            )}
      </nav>
      {isNew && <NewChat onClose={() => setNew(false)} />}
    </>
  )
}

/** The chat whose link has the focus. */
function chatOf (target: EventTarget | null): string | undefined {
  return target instanceof HTMLElement ? target.dataset['chat'] : undefined
}

function idOf ({ id }: ChatInfo): string {
  return id
}

type NoChatsProps = {
  state: { readonly isLoading: boolean, readonly problem: Error | null }
  isFiltered: boolean
  onNew: () => void
}

function NoChats ({ state, isFiltered, onNew }: NoChatsProps) {
  const { chats } = words.value
  if (state.isLoading) return <div class='centred'><Spinner /></div>
  if (state.problem !== null) return <EmptyState icon='warning' title={problemText(state.problem)} />
  if (isFiltered) return <EmptyState icon='search' title={chats.noMatch} />
  return (
    <EmptyState icon='thread' title={chats.empty} lead={chats.emptyLead}>
      <Button icon='plus' onClick={onNew}>{chats.newChat}</Button>
    </EmptyState>
  )
}
