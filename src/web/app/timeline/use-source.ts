/** Which messages of a chat are shown: the newest ones, or a part around a message that is not among them. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Chat, ChatInfo, Live, Messages } from '../../../client/index.ts'
import { MessageWindow } from '../../../client/history/index.ts'
import { useSession } from '../session/context.ts'
import { route, visited } from '../shell/routes.ts'
import { useLive } from '../state/live.ts'
import { firstUnread } from './rows.ts'

/** So many messages are loaded at once: more unread ones begin further up. */
const PAGE = 45
/** So many messages of the end are kept in memory; older ones are read in a part of their own. */
const MAX_LIVE = 600

/** Messages of a chat, of a part of it, or of a thread. */
export type MessageSource = Live<Messages & { readonly hasNewer?: boolean }> & {
  readonly loadOlder: () => Promise<void>
  readonly loadNewer?: () => Promise<void>
}

/** What {@link useSource} returns. */
export type UsedSource = {
  /** Another one is another timeline. */
  readonly key: string
  readonly source: MessageSource
  /** The first message that was unread when the chat was opened. */
  readonly unreadSeq: number | null
  /** The message to go to. */
  readonly target: number | undefined
  /** Loads older messages. */
  readonly goOn: () => void
  /** Shows the newest messages. */
  readonly toNewest: () => void
}

type Part = { readonly id: number, readonly window: MessageWindow, readonly target: number | undefined }

let lastId = 0

/** The messages to show of a chat. @param info the chat as it was opened */
export function useSource (chat: Chat, info: ChatInfo): UsedSource {
  const { client } = useSession()
  const open = (around: number | 'first_unread', target?: number): Part =>
    ({ id: ++lastId, window: new MessageWindow({ client, chat: chat.id, around }), target })
  const readSeq = useRef(info.me?.read_seq ?? info.head)
  const [part, setPart] = useState<Part | null>(() => info.unread > PAGE ? open('first_unread') : null)
  const { value: shown } = route
  const at = shown.screen === 'chats' ? shown.at : undefined
  const [target, setTarget] = useState<number | undefined>(undefined)
  const source: MessageSource = part?.window ?? chat.messages
  const { items, isLoading } = useLive(source)
  const unread = useRef<number | null | undefined>(undefined)
  if (unread.current === undefined && !isLoading && items.length > 0)
    unread.current = firstUnread(items, readSeq.current, client.user)
  useEffect(() => {
    if (at === undefined) return
    setTarget(at)
    if (!source.getSnapshot().items.some(({ seq }) => seq === at)) setPart(open(at, at))
  }, [at, visited.value])
  const goOn = () => {
    const [oldest] = items
    // The end of a chat stays in memory; what is far from it is a part that forgets what is behind.
    if (part === null && items.length >= MAX_LIVE && oldest?.seq != null) setPart(open(oldest.seq, oldest.seq))
    else source.loadOlder().catch(() => undefined)
  }
  return {
    key: part === null ? 'newest' : `part ${String(part.id)}`,
    source,
    unreadSeq: unread.current ?? null,
    target: part?.target ?? target,
    goOn,
    toNewest: () => {
      setTarget(undefined)
      setPart(null)
    }
  }
}
