/** Where to forward a message. */
import { useState } from 'preact/hooks'
import type { ChatInfo, ListedMessage } from '../../../client/index.ts'
import { sendMessage } from '../composer/send.ts'
import { Avatar } from '../design/avatar.tsx'
import { Dialog } from '../design/dialog.tsx'
import { Field } from '../design/field.tsx'
import { showProblem, showToast } from '../design/toast.tsx'
import { useSession } from '../session/context.ts'
import { goTo } from '../shell/routes.ts'
import { arrangeChats, chatName, may } from '../state/chats.ts'
import { voiceOf } from '../state/content-kind.ts'
import { useLive } from '../state/live.ts'
import { words } from '../words/index.ts'
import { endForward } from './forward.ts'
import { plainText } from './plain-text.ts'

const MAX_SHOWN = 30

/** The dialog. */
export function ForwardDialog ({ message }: { message: ListedMessage }) {
  const { client, files } = useSession()
  const [filter, setFilter] = useState('')
  const { timeline, chats } = words.value
  const shown = arrangeChats(useLive(client.chats).items, { isArchive: false, filter })
    .filter((chat) => may(chat, 'post'))
    .slice(0, MAX_SHOWN)
  const voice = voiceOf(message)
  const named = voice === null ? message.attachments.map(({ name }) => name).join(', ') : chats.voice
  const forward = (chat: ChatInfo) => {
    endForward()
    goTo({ screen: 'chats', chat: chat.id })
    // A file belongs to one chat: the other one gets a copy.
    Promise.all(message.attachments.map((file) => files.copy(file, chat.id))).then((attachments) => {
      sendMessage(client.chat(chat.id), {
        text: message.text, parent: undefined, replyTo: null, attachments, mentions: [],
        ...(voice !== null && { data: { voice } })
      })
      showToast(timeline.forwarded(chatName(chat)))
    }, showProblem)
  }
  return (
    <Dialog title={timeline.forwardTo} onClose={endForward}>
      <p class='quote cut'>{plainText(message.text) || named}</p>
      <Field
        label={chats.filter} type='search' autoFocus value={filter}
        onInput={({ currentTarget }) => setFilter(currentTarget.value)}
      />
      <ul class='people'>
        {shown.map((chat) => (
          <li key={chat.id}>
            <button type='button' class='person' onClick={() => forward(chat)}>
              <Avatar id={chat.id} name={chatName(chat)} picture={chat.avatar} size='l' />
              <span class='cut'>{chatName(chat)}</span>
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  )
}
