/** The message that another one answers, in few words. */
import type { Chat, Message } from '../../../client/index.ts'
import { useSession } from '../session/context.ts'
import { addressOf, goTo } from '../shell/routes.ts'
import { contentWord } from '../state/contents.ts'
import { useLive } from '../state/live.ts'
import { useName } from '../state/people.ts'
import { words } from '../words/index.ts'
import { plainText } from './plain-text.ts'

/** A quotation that leads to its message. */
export function QuotedMessage ({ chat, seq }: { chat: Chat, seq: number }) {
  const { lookup } = useSession()
  const quoted = useLive(lookup.of(chat.id, seq))
  const author = useName(quoted?.author ?? null)
  const place = { screen: 'chats', chat: chat.id, at: seq } as const
  return (
    <a
      class='quote' href={addressOf(place)} onClick={(event) => {
        event.preventDefault()
        goTo(place)
      }}
    >
      {quoted !== null && <span class='quote-author'>{author}</span>}
      <span class='cut' dir='auto'>{wordsOf(quoted)}</span>
    </a>
  )
}

function wordsOf (message: Message | null): string {
  const { timeline, chats } = words.value
  if (message === null) return timeline.unknownMessage
  if (message.deleted_at !== null) return chats.deleted
  const text = plainText(message.text)
  return text === '' ? contentWord(message) : text
}
