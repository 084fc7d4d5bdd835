/** Whether one's own message is sent, and who has seen it. */
import type { Chat, ListedMessage } from '../../../client/index.ts'
import { Icon } from '../design/icon.tsx'
import { useSession } from '../session/context.ts'
import { useLive } from '../state/live.ts'
import { useUsers } from '../state/people.ts'
import { locale, words } from '../words/index.ts'

const MAX_NAMES = 8

/** A sign behind the time of the message. */
export function DeliveryState ({ chat, message: { seq, status } }: { chat: Chat, message: ListedMessage }) {
  const { client } = useSession()
  const { timeline } = words.value
  const receipts = useLive(chat.receipts)
  const readers = seq === null
    ? []
    : Object.entries(receipts).filter(([user, read]) => user !== client.user && read >= seq).map(([user]) => user)
  if (status === 'failed') return null
  if (status === 'sending') return <Sign icon='clock' label={timeline.sending} />
  if (readers.length === 0) return <Sign icon='check' label={timeline.sent} />
  return chat.info?.type === 'direct'
    ? <Sign icon='checks' label={timeline.seen} />
    : <SeenBy readers={readers.slice(0, MAX_NAMES)} />
}

function SeenBy ({ readers }: { readers: readonly string[] }) {
  const names = useUsers(readers).map(({ name }) => name)
  const list = new Intl.ListFormat(locale.value).format(names)
  return <Sign icon='checks' label={words.value.timeline.seenBy(list)} />
}

function Sign ({ icon, label }: { icon: 'clock' | 'check' | 'checks', label: string }) {
  return (
    <span class={`message-status ${icon === 'checks' ? 'is-seen' : ''}`} title={label}>
      <Icon name={icon} class='small' />
      <span class='unseen'>{label}</span>
    </span>
  )
}
