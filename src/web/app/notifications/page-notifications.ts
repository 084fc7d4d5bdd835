/** Notifications that the page has its worker show: where there is no push, and as long as the page is open. */
import type { ChatInfo, EventOf } from '../../../client/index.ts'
import type { Session } from '../session/session.ts'
import { contentWord } from '../state/contents.ts'
import { device } from './device.ts'
import { whileLeading } from './leading.ts'
import { serviceWorker } from './service-worker.ts'
import { isQuiet, loadSettings, type NotificationSettings } from './settings.ts'

/** Settings that another device has changed are known after this time. */
const SETTINGS_MS = 5 * 60_000
const MAX_TEXT = 180

/** Shows messages of others until the returned function is called. One tab of a browser does it for all. */
export function showMessages (session: Session): () => void {
  let settings: Promise<NotificationSettings | null> | undefined
  let loadedAt = 0
  const current = () => {
    if (settings === undefined || Date.now() - loadedAt > SETTINGS_MS) {
      settings = loadSettings(session.client).catch(() => {
        // The next message tries again.
        settings = undefined
        return null
      })
      loadedAt = Date.now()
    }
    return settings
  }
  const show = async (event: EventOf<'message.created'>) => {
    const { info } = session.client.chat(event.chat)
    if (device.value !== 'page' || info === null || !isForMe(session, info, event)) return
    const wanted = await current()
    if (wanted === null || wanted.push === 'none' || isQuiet(wanted, new Date())) return
    if (wanted.push === 'mentions' && !isMentioned(session, event)) return
    const author = await nameOf(session, event.actor.user)
    const registration = await serviceWorker()
    registration?.active?.postMessage({
      type: 'confab-show', content: contentOf(session, info, { event, author, hasText: wanted.previews === 'on' })
    })
  }
  return whileLeading('confab-notifications', () => session.client.on('message.created', (event) => void show(event)))
}

function isForMe ({ userId }: Session, { me }: ChatInfo, { actor, seq, data }: EventOf<'message.created'>): boolean {
  if (data === null || me === null || me.muted || actor.user === userId || seq <= me.read_seq) return false
  // Threads are followed on the server: only it knows by whom.
  return data.message.parent === null && me.notifications !== 'none' && !(me.notifications === 'mentions' &&
    !(data.message.mentions ?? []).includes(userId))
}

function isMentioned ({ userId }: Session, { data }: EventOf<'message.created'>): boolean {
  return data?.message.mentions?.includes(userId) ?? false
}

/** The same as a push says. */
function contentOf (
  session: Session, { id, type, name, unread }: ChatInfo,
  { event, author, hasText }: { event: EventOf<'message.created'>, author: string, hasText: boolean }
): string {
  return JSON.stringify({
    type: 'message',
    chat: id,
    chat_type: type,
    chat_name: type === 'direct' ? null : name,
    seq: event.seq,
    parent: null,
    author: { id: event.actor.user ?? null, name: author },
    text: hasText ? textOf(event) : null,
    mentioned: isMentioned(session, event),
    unread: Math.max(1, unread),
    at: event.at
  })
}

function textOf ({ data }: EventOf<'message.created'>): string | null {
  const text = data?.message.text?.slice(0, MAX_TEXT)
  return text === '' && data !== null ? contentWord(data.message) : text ?? null
}

/** The name of a user, loaded if it is not known. */
async function nameOf ({ client }: Session, user: string | undefined): Promise<string> {
  const live = client.userOf(user ?? '')
  return new Promise((resolve) => {
    const stop = live.subscribe(() => look())
    const timer = setTimeout(() => end(''), 2_000)
    const end = (name: string) => {
      clearTimeout(timer)
      stop()
      resolve(name)
    }
    const look = () => {
      const known = live.getSnapshot()
      if (known !== null) end(known.name)
    }
    look()
  })
}
