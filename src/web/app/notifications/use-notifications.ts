/** The service worker and the page: clicks on notifications, what is read, and the number on the application's icon. */
import { useEffect } from 'preact/hooks'
import type { Chats, Live } from '../../../client/index.ts'
import { useSession } from '../session/context.ts'
import { login } from '../session/session.ts'
import { goTo, parseRoute } from '../shell/routes.ts'
import { useUnread } from '../shell/title.ts'
import { forgetDevice, renew } from './device.ts'
import { showMessages } from './page-notifications.ts'
import { serviceWorker } from './service-worker.ts'

/** Many changes in a row are looked at together. */
const CLOSE_DELAY_MS = 500

/** Keeps them in step, as long as somebody is signed in. */
export function useNotifications (): void {
  const session = useSession()
  useEffect(() => {
    void serviceWorker().then(renew)
    const stop = showMessages(session)
    const container = 'serviceWorker' in navigator ? navigator.serviceWorker : null
    container?.addEventListener('message', openChat)
    return () => {
      stop()
      container?.removeEventListener('message', openChat)
      if (!login.isOpen) void forgetDevice()
    }
  }, [session])
  useBadge()
  useEffect(() => closeRead(session.client.chats), [session])
}

/** The number on the icon of the installed application. */
function useBadge (): void {
  const unread = useUnread()
  useEffect(() => {
    if (!('setAppBadge' in navigator)) return
    // Refused where it is not installed.
    navigator.setAppBadge(unread).catch(() => undefined)
  }, [unread])
  useEffect(() => () => {
    if ('clearAppBadge' in navigator) navigator.clearAppBadge().catch(() => undefined)
  }, [])
}

/** Closes the notifications of chats that are read, until the returned function is called. */
function closeRead (chats: Live<Chats>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const close = () => {
    timer = undefined
    const read = chats.getSnapshot().items.filter(({ unread }) => unread === 0)
    void closeNotifications(new Set(read.map(({ id }) => id)))
  }
  const stop = chats.subscribe(() => {
    timer ??= setTimeout(close, CLOSE_DELAY_MS)
  })
  close()
  return () => {
    stop()
    clearTimeout(timer)
  }
}

async function closeNotifications (chats: ReadonlySet<string>): Promise<void> {
  const registration = await serviceWorker()
  for (const shown of await registration?.getNotifications() ?? []) {
    const data: unknown = shown.data
    const isRead = typeof data === 'object' && data !== null && 'confab_chat' in data &&
      typeof data.confab_chat === 'string' && chats.has(data.confab_chat)
    if (isRead) shown.close()
  }
}

/** A notification was clicked. */
function openChat ({ data }: MessageEvent<unknown>): void {
  if (typeof data !== 'object' || data === null || !('type' in data) || data.type !== 'confab-open') return
  if ('url' in data && typeof data.url === 'string') goTo(parseRoute(new URL(data.url, location.origin).hash))
}
