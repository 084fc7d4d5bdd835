/** The messages of a chat as rows: days, the first unread one, and groups of one author. Pure. */
import type { ListedMessage } from '../../../client/index.ts'
import { dayOf } from '../words/day.ts'

/** Messages of one author with less time between them are one group. */
const GROUP_MS = 5 * 60_000

/** A row of the timeline. */
export type Row =
  | { readonly kind: 'day', readonly key: string, readonly time: string }
  | { readonly kind: 'unread', readonly key: string }
  | {
    readonly kind: 'message'
    readonly key: string
    readonly message: ListedMessage
    /** The first of its group shows the author, the last one the avatar. */
    readonly isFirst: boolean
    readonly isLast: boolean
  }

/** When messages were made: asked for with every row of every list that they are in. */
const times = new WeakMap<ListedMessage, { readonly ms: number, readonly day: number }>()

function timeOf (message: ListedMessage): { readonly ms: number, readonly day: number } {
  const known = times.get(message)
  if (known !== undefined) return known
  const date = new Date(message.created_at)
  const time = { ms: date.getTime(), day: dayOf(date) }
  times.set(message, time)
  return time
}

/** Makes the rows. @param unreadSeq the seq of the first unread message */
export function rowsOf (messages: readonly ListedMessage[], unreadSeq: number | null): Row[] {
  const rows: Row[] = []
  let isBroken = true
  for (const [index, message] of messages.entries()) {
    const before = messages[index - 1]
    if (before === undefined || timeOf(before).day !== timeOf(message).day) {
      rows.push({ kind: 'day', key: `day ${message.key}`, time: message.created_at })
      isBroken = true
    }
    if (message.seq !== null && message.seq === unreadSeq) {
      rows.push({ kind: 'unread', key: 'unread' })
      isBroken = true
    }
    const isFirst = isBroken || before === undefined || !isSameGroup(before, message)
    const last = rows.at(-1)
    if (!isFirst && last?.kind === 'message') rows[rows.length - 1] = { ...last, isLast: false }
    rows.push({ kind: 'message', key: message.key, message, isFirst, isLast: true })
    isBroken = false
  }
  return rows
}

function isSameGroup (one: ListedMessage, other: ListedMessage): boolean {
  return one.author === other.author && one.deleted_at === null && other.deleted_at === null &&
    timeOf(other).ms - timeOf(one).ms < GROUP_MS
}

/** The seq of the first message that the user has not read; null when there is none. */
export function firstUnread (messages: readonly ListedMessage[], readSeq: number, me: string | null): number | null {
  return messages.find(({ seq, author, deleted_at }) =>
    seq !== null && seq > readSeq && author !== me && deleted_at === null)?.seq ?? null
}
