/** Unread messages in the title and the icon of the browser's tab. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { useSession } from '../session/context.ts'
import { words } from '../words/index.ts'

const ICON = '/app/assets/icon.svg'
const UNREAD_ICON = '/app/assets/icon-unread.svg'
/** Browsers take their time with titles and icons: many changes in a row are shown so often. */
const PAUSE_MS = 500

/** The number of unread messages, without those of chats that are muted or archived. */
export function useUnread (): number {
  const { client } = useSession()
  const [unread, setUnread] = useState(0)
  const changedAt = useRef(0)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const count = () => {
      timer = undefined
      changedAt.current = Date.now()
      const counted = client.chats.getSnapshot().items.filter(({ me }) => me !== null && !me.muted && !me.archived)
      setUnread(counted.reduce((sum, chat) => sum + chat.unread, 0))
    }
    const countSoon = () => {
      timer ??= setTimeout(count, Math.max(0, changedAt.current + PAUSE_MS - Date.now()))
    }
    const stop = client.chats.subscribe(countSoon)
    count()
    return () => {
      stop()
      clearTimeout(timer)
    }
  }, [client])
  return unread
}

/** Keeps the title and the icon in step with the chats. It shows nothing, so that nothing else follows each change. */
export function Title () {
  const unread = useUnread()
  const { brand } = words.value
  useEffect(() => {
    document.title = unread > 0 ? `(${String(unread)}) ${brand}` : brand
    const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]')
    const icon = unread > 0 ? UNREAD_ICON : ICON
    if (link !== null && link.getAttribute('href') !== icon) link.href = icon
  }, [unread, brand])
  useEffect(() => () => {
    document.title = words.value.brand
  }, [])
  return null
}
