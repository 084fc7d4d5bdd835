/** A chat in the list: who, what was said last, and what is unread. */
import { useMemo, useState } from 'preact/hooks'
import type { ChatInfo, Live, Message } from '../../../client/index.ts'
import { Avatar } from '../design/avatar.tsx'
import { Badge } from '../design/badge.tsx'
import { Icon, type IconName } from '../design/icon.tsx'
import { MenuList } from '../design/menu.tsx'
import { useSession } from '../session/context.ts'
import { addressOf, openChat } from '../shell/routes.ts'
import { chatName } from '../state/chats.ts'
import { contentWord } from '../state/contents.ts'
import { allDrafts, draftKey } from '../state/drafts.ts'
import { useLive } from '../state/live.ts'
import { usePresence } from '../state/partner.ts'
import { useName } from '../state/people.ts'
import { today } from '../state/today.ts'
import { useTypingText } from '../state/typing.ts'
import { shortTime } from '../words/dates.ts'
import { words } from '../words/index.ts'
import { chatEntries } from './chat-entries.ts'
import { useFollowed } from './use-followed.ts'

/** Properties of {@link ChatRow}. */
type ChatRowProps = {
  chat: ChatInfo
  /** Whether the Tab key comes here. */
  isStop: boolean
}

/** A row. One whose chat is the same is not rendered again, however often the list is. */
export function ChatRow ({ chat, isStop }: ChatRowProps) {
  return useMemo(() => <Row chat={chat} isStop={isStop} />, [chat, isStop, today.value])
}

function Row ({ chat, isStop }: ChatRowProps) {
  const session = useSession()
  const [menuAt, setMenuAt] = useState<DOMRect | null>(null)
  const { chats } = words.value
  const { id, unread, unread_more: hasMore = false, mentions = 0, last_message: last, me } = chat
  const name = chatName(chat)
  const isSettled = useFollowed(id)
  const isOnline = usePresence(isSettled ? chat.partner ?? undefined : undefined).status === 'online'
  const isOpen = id === openChat.value
  return (
    <>
      <a
        data-chat={id} class={`chat ${isOpen ? 'is-open' : ''}`} href={addressOf({ screen: 'chats', chat: id })}
        aria-current={isOpen ? 'page' : undefined} tabIndex={isStop ? 0 : -1}
        onContextMenu={(event) => {
          event.preventDefault()
          setMenuAt(new DOMRect(event.clientX, event.clientY, 0, 0))
        }}
      >
        <Avatar id={id} name={name} picture={chat.avatar} isOnline={isOnline} />
        <span class='chat-text'>
          <span class='chat-line'>
            {chat.type !== 'direct' && <Icon name='group' class='small' />}
            <span class='chat-name cut'>{name}</span>
            {isOnline && <span class='unseen'>{words.value.people.online}</span>}
            {me?.muted === true && <Mark icon='bellOff' title={chats.muted} />}
            {last !== null && <time class='chat-time' dateTime={last.created_at}>{shortTime(last.created_at)}</time>}
          </span>
          <span class='chat-line'>
            <Preview chat={chat} isSettled={isSettled} />
            {me?.pinned === true && <Mark icon='pin' title={chats.pinned} />}
            {mentions > 0 && <span class='mention-mark' title={chats.mentioned}>@</span>}
            <Badge count={unread} hasMore={hasMore} isQuiet={me?.muted === true} />
          </span>
        </span>
      </a>
      {menuAt !== null && (
        <MenuList
          label={chats.actions(name)} entries={chatEntries(session, chat)} at={menuAt} onClose={() => setMenuAt(null)}
        />
      )}
    </>
  )
}

function Mark ({ icon, title }: { icon: IconName, title: string }) {
  return (
    <span class='chat-mark' title={title}>
      <Icon name={icon} class='small' />
      <span class='unseen'>{title}</span>
    </span>
  )
}

/** Who is typing, else the draft, else the last message with its author. */
function Preview ({ chat: { id, type, last_message: last }, isSettled }: { chat: ChatInfo, isSettled: boolean }) {
  const { client } = useSession()
  const { chats } = words.value
  const typing = useTypingText(useLive(client.chat(id).typing))
  const author = useName(last?.author ?? null)
  const draft = id === openChat.value ? undefined : allDrafts.value[draftKey(id)]
  if (typing !== null) return <span class='chat-preview cut is-typing'>{typing}</span>
  if (draft !== undefined) {
    return <span class='chat-preview cut'><span class='draft-mark'>{chats.draft}</span> {draft}</span>
  }
  if (last === null) return <span class='chat-preview cut'>{chats.noMessages}</span>
  const isMine = last.author === client.user
  const who = isMine ? chats.you : type === 'direct' ? '' : `${author}:`
  const text = last.deleted_at !== null ? chats.deleted : last.text ?? ''
  return (
    <span class='chat-preview cut' dir='auto'>
      {who !== '' && <span class='chat-author'>{who} </span>}
      {text === '' ? <Content chat={id} seq={last.seq} isWanted={isSettled} /> : text}
    </span>
  )
}

/** What a message without a text has. The list does not say it, so the message is loaded, if it stays in view. */
function Content ({ chat, seq, isWanted }: { chat: string, seq: number, isWanted: boolean }) {
  const { client, lookup } = useSession()
  const here = client.chat(chat).messages.getSnapshot().items.findLast((message) => message.seq === seq)
  if (here !== undefined) return <>{contentWord(here)}</>
  return isWanted ? <Loaded message={lookup.of(chat, seq)} /> : <>{words.value.chats.attachment}</>
}

function Loaded ({ message }: { message: Live<Message | null> }) {
  return <>{contentWord(useLive(message) ?? {})}</>
}
