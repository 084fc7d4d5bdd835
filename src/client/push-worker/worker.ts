/** Shows, replaces and closes the notifications of messages, and opens their chats. */
import { integerOf, textOf } from '../json.ts'
import { type MessagePush, type PushContent, readPush } from './content.ts'
import type { ClickEventLike, PushEventLike, PushWorker, WorkerWindow } from './worker-scope.ts'

/** What a notification says. */
export type NotificationTexts = { title: string, body: string }

/** Options of the handlers. */
export type WorkerOptions = {
  /** The page of a chat, as a path or a URL; by default `/`. */
  url?: (chat: string, message: { seq: number, parent: number | null }) => string
  /** The words, e.g. in another language. */
  texts?: (message: MessagePush) => NotificationTexts
  /** URLs of pictures. */
  icon?: string
  badge?: string
}

/** One notification for each chat. */
const tagOf = (chat: string) => `confab ${chat}`

/** The type of what is posted to a page that is in front, in the place of a notification. */
const FORWARDED = 'confab-push'

/**
 * Handles pushes and clicks on their notifications: one line of a service worker, `handlePush(self)`. A push of another
 * sender is left alone.
 */
export function handlePush (worker: PushWorker, options: WorkerOptions = {}): void {
  worker.addEventListener('push', (event: PushEventLike) => {
    const content = readPush(event.data?.text() ?? '')
    if (content !== undefined) event.waitUntil(showPush(worker, content, options))
  })
  worker.addEventListener('notificationclick', (event: ClickEventLike) => {
    const { notification } = event
    const chat = textOf(notification.data, 'confab_chat')
    if (chat === undefined) return
    notification.close()
    const [seq, parent] = [integerOf(notification.data, 'seq') ?? 0, integerOf(notification.data, 'parent') ?? null]
    event.waitUntil(openChat(worker, chat, options.url?.(chat, { seq, parent }) ?? '/'))
  })
}

/**
 * Shows what a push says: a message replaces the one before of its chat, and one that was read elsewhere is closed. A
 * page that is in front gets it by `postMessage` instead, as `{ type: 'confab-push', content }`.
 */
export async function showPush (worker: PushWorker, content: PushContent, options: WorkerOptions = {}): Promise<void> {
  const tag = tagOf(content.chat)
  if (content.type === 'read') {
    for (const shown of await worker.registration.getNotifications({ tag }))
      if ((integerOf(shown.data, 'seq') ?? 0) <= content.seq) shown.close()
    return
  }
  const inFront = (await windowsOf(worker)).find(({ focused }) => focused)
  if (inFront !== undefined) {
    inFront.postMessage({ type: FORWARDED, content })
    return
  }
  const { title, body } = options.texts?.(content) ?? textsOf(content)
  const { icon, badge } = options
  await worker.registration.showNotification(title, {
    body,
    tag,
    renotify: true,
    timestamp: Date.parse(content.at),
    data: { confab_chat: content.chat, seq: content.seq, parent: content.parent },
    ...(icon !== undefined && { icon }),
    ...(badge !== undefined && { badge })
  })
}

function textsOf ({ chat_name: name, author, text, unread }: MessagePush): NotificationTexts {
  const shown = text ?? (unread > 1 ? `${String(unread)} new messages` : 'New message')
  return name === null
    ? { title: author.name, body: shown }
    : { title: name, body: text === null ? shown : `${author.name}: ${shown}` }
}

/** Brings a window of the page to the front, or opens one. */
async function openChat (worker: PushWorker, chat: string, url: string): Promise<void> {
  const target = new URL(url, worker.location.origin).href
  const windows = await windowsOf(worker)
  const open = windows.find((one) => one.url === target) ?? windows[0]
  if (open === undefined) {
    await worker.clients.openWindow(target)
    return
  }
  await open.focus()
  // The page may know better than a navigation how to show a chat.
  open.postMessage({ type: 'confab-open', chat, url: target })
}

/** Those of the application: other pages of the origin would neither show a message nor open a chat. */
async function windowsOf ({ clients, registration }: PushWorker): Promise<WorkerWindow[]> {
  const windows = await clients.matchAll({ type: 'window', includeUncontrolled: true })
  return windows.filter(({ url }) => url.startsWith(registration.scope))
}
