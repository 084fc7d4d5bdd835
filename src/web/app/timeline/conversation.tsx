/** An open chat: its head, its messages, and the place to write. */
import type { Chat, ChatInfo } from '../../../client/index.ts'
import { Composer } from '../composer/composer.tsx'
import { DropZone } from '../composer/drop-zone.tsx'
import { EmptyState } from '../design/empty-state.tsx'
import { Spinner } from '../design/spinner.tsx'
import { useSession } from '../session/context.ts'
import { lazy } from '../shell/lazy.tsx'
import { chatName, may } from '../state/chats.ts'
import { useLive } from '../state/live.ts'
import { words } from '../words/index.ts'
import { ConversationHead } from './conversation-head.tsx'
import { Timeline } from './timeline.tsx'
import { useSource } from './use-source.ts'

const JoinBar = lazy(async () => (await import('../details/parts.ts')).JoinBar)

/** An open chat. */
export function Conversation ({ chatId }: { chatId: string }) {
  const { client } = useSession()
  const chat = client.chat(chatId)
  const { info, status } = useLive(chat.state)
  if (status === 'ended') return <EmptyState icon='lock' title={words.value.timeline.ended} />
  const name = info === null ? '' : chatName(info)
  return (
    <DropZone chat={chat} info={info}>
      <ConversationHead chat={chat} info={info} />
      {info === null ? <div class='centred'><Spinner /></div> : <ChatTimeline chat={chat} info={info} />}
      {info?.me?.role === null
        ? <JoinBar info={info} />
        : <Composer chat={chat} info={info} label={words.value.composer.label(name)} canWrite={may(info, 'post')} />}
    </DropZone>
  )
}

function ChatTimeline ({ chat, info }: { chat: Chat, info: ChatInfo }) {
  const { key, source, unreadSeq, target, goOn, toNewest } = useSource(chat, info)
  return (
    <Timeline
      key={key} chat={chat} source={source} label={words.value.timeline.region(chatName(info))}
      showsAuthors={info.type !== 'direct'} unreadSeq={unreadSeq} target={target} onSeen={(seq) => chat.markRead(seq)}
      onNearStart={goOn} onToNewest={toNewest}
    />
  )
}
