/** The replies to a message, beside the chat. */
import { Composer } from '../composer/composer.tsx'
import { IconButton } from '../design/button.tsx'
import { EmptyState } from '../design/empty-state.tsx'
import { useSession } from '../session/context.ts'
import type { PanelProps } from '../shell/panels.tsx'
import { showPanel } from '../shell/routes.ts'
import { may } from '../state/chats.ts'
import { useLive } from '../state/live.ts'
import { MessageRow } from '../timeline/message.tsx'
import { Timeline } from '../timeline/timeline.tsx'
import { words } from '../words/index.ts'

/** The panel. Its argument is the seq of the message. */
export function ThreadPanel ({ chatId, argument }: PanelProps) {
  const { client } = useSession()
  const { threads, close, timeline } = words.value
  const chat = client.chat(chatId)
  const seq = Number(argument)
  const thread = chat.thread(seq)
  const { info } = useLive(chat.state)
  const parent = useLive(chat.messages).items.find((message) => message.seq === seq)
  return (
    <>
      <header class='pane-head'>
        <h2 class='pane-title grow'>{threads.title}</h2>
        <IconButton icon='close' label={close} onClick={() => showPanel(undefined)} />
      </header>
      {parent === undefined
        ? <EmptyState icon='thread' title={timeline.unknownMessage} />
        : (
            <ol class='thread-parent'>
              <MessageRow chat={chat} message={parent} isFirst isLast showsAuthors isReply />
            </ol>
          )}
      <Timeline
        chat={chat} source={thread} label={threads.region} showsAuthors unreadSeq={null} parent={seq}
        onSeen={(seen) => thread.markRead(seen)}
      />
      <Composer chat={chat} info={info} label={threads.label} canWrite={may(info, 'post')} parent={seq} />
    </>
  )
}
