/** The head of an open chat: who is there, who is typing, and what can be done with the chat. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Chat, ChatInfo } from '../../../client/index.ts'
import { chatEntries } from '../chat-list/chat-entries.ts'
import { Avatar } from '../design/avatar.tsx'
import { IconButton } from '../design/button.tsx'
import { Menu, type MenuEntry } from '../design/menu.tsx'
import { useSession } from '../session/context.ts'
import { lazy } from '../shell/lazy.tsx'
import { goTo, showPanel } from '../shell/routes.ts'
import { chatName } from '../state/chats.ts'
import { useLive } from '../state/live.ts'
import { usePartner, usePresence } from '../state/partner.ts'
import { useTypingText } from '../state/typing.ts'
import { relativeTime } from '../words/dates.ts'
import { words } from '../words/index.ts'

const JumpToDay = lazy(async () => (await import('./jump-to-day.tsx')).JumpToDay)

/** The head. */
export function ConversationHead ({ chat, info }: { chat: Chat, info: ChatInfo | null }) {
  const session = useSession()
  const heading = useRef<HTMLHeadingElement>(null)
  const [isJumping, setJumping] = useState(false)
  const { back, more, timeline, loading } = words.value
  const name = info === null ? loading : chatName(info)
  useLayoutEffect(() => {
    // On phones the composer would open the keyboard.
    if (matchMedia('(hover: none)').matches) heading.current?.focus()
  }, [])
  const entries = (shown: ChatInfo): MenuEntry[] => [
    { icon: 'pin', label: timeline.pins, act: () => showPanel({ name: 'pins' }) },
    { icon: 'clock', label: timeline.jumpToDate, act: () => setJumping(true) },
    ...chatEntries(session, shown)
  ]
  return (
    <header class='pane-head'>
      <span class='phone-only flips'>
        <IconButton icon='back' label={back} onClick={() => goTo({ screen: 'chats' })} />
      </span>
      {info?.type === 'direct'
        ? <DirectTitle chat={chat} name={name} picture={info.avatar} heading={heading} />
        : <GroupTitle chat={chat} info={info} name={name} heading={heading} />}
      {info !== null && <Menu icon='more' label={more} entries={() => entries(info)} />}
      {isJumping && <JumpToDay chat={chat} onClose={() => setJumping(false)} />}
    </header>
  )
}

/** The name leads to the details. */
function TitleButton ({ name }: { name: string }) {
  return (
    <button
      type='button' class='title-button cut' title={words.value.shell.detailsOf(name)}
      onClick={() => showPanel({ name: 'details' })}
    >
      {name}
    </button>
  )
}

type Heading = { current: HTMLHeadingElement | null }

function GroupTitle (
  { chat, info, name, heading }: { chat: Chat, info: ChatInfo | null, name: string, heading: Heading }
) {
  const typing = useTypingText(useLive(chat.typing))
  const members = info === null ? '' : words.value.people.members(info.member_count)
  return (
    <>
      <Avatar id={chat.id} name={name} picture={info?.avatar ?? null} size='l' />
      <div class='grow'>
        <h1 class='pane-title' ref={heading} tabIndex={-1}><TitleButton name={name} /></h1>
        <p class='pane-subtitle cut'>{typing ?? members}</p>
      </div>
    </>
  )
}

function DirectTitle (
  { chat, name, picture, heading }: { chat: Chat, name: string, picture: string | null, heading: Heading }
) {
  const { people } = words.value
  const typing = useTypingText(useLive(chat.typing))
  const { status, last_seen: seen } = usePresence(usePartner(chat))
  const presence = status === 'online' ? people.online : seen == null ? '' : people.lastSeen(relativeTime(seen))
  return (
    <>
      <Avatar id={chat.id} name={name} picture={picture} size='l' isOnline={status === 'online'} />
      <div class='grow'>
        <h1 class='pane-title' ref={heading} tabIndex={-1}><TitleButton name={name} /></h1>
        <p class='pane-subtitle cut'>{typing ?? presence}</p>
      </div>
    </>
  )
}
