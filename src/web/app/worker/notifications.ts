/** What notifications say, and where a click on them leads. */
import { type MessagePush, type PushContent, readPush, type WorkerOptions } from '../../../client/push-worker/index.ts'
import { notifications as german } from '../words/de/notifications.ts'
import { notifications as english } from '../words/en/notifications.ts'

const ASSETS = '/app/assets'
/** A worker does not know which language was chosen in the page: it has that of the browser. */
const texts = navigator.language.startsWith('de') ? german : english

/** The options of the handlers. */
export const NOTIFICATIONS: WorkerOptions = {
  url: (chat, { seq, parent }) =>
    `/app#/chats/${encodeURIComponent(chat)}/at/${String(parent ?? seq)}` +
    (parent === null ? '' : `/panel/thread%3A${String(parent)}`),
  texts: textsOf,
  icon: `${ASSETS}/icon-192.png`,
  badge: `${ASSETS}/badge-96.png`
}

/** Reads what a page asks to be shown; undefined for anything else. */
export function contentOf (data: unknown): PushContent | undefined {
  const isAsked = typeof data === 'object' && data !== null && 'type' in data && data.type === 'confab-show' &&
    'content' in data && typeof data.content === 'string'
  return isAsked ? readPush(String(data.content)) : undefined
}

function textsOf ({ chat_name: name, author, text, unread, mentioned }: MessagePush): { title: string, body: string } {
  const shown = text ?? texts.newMessages(unread)
  if (name === null) return { title: author.name, body: shown }
  const body = text === null ? shown : `${author.name}: ${shown}`
  return { title: mentioned ? texts.mentionedIn(name) : name, body }
}
