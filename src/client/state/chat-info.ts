/** A chat in a list as events change it. Pure. */
import type { ChatEvent, ChatInfo, LastMessage, MessageJson } from '../types.ts'

const MAX_UNREAD = 999
/** How many members come with an event. */
const MEMBER_STEPS: ReadonlyMap<string, number> =
  new Map([['member.added', 1], ['member.joined', 1], ['member.left', -1], ['member.removed', -1]])

/** What an event makes of a chat. `isStale` when only the server can count what is unread now. */
export type ChangedInfo = { info: ChatInfo, isStale: boolean }

/** Applies the next event of the log. */
export function applyToInfo (info: ChatInfo, event: ChatEvent, me: string | null): ChangedInfo {
  if (event.seq <= info.head) return { info, isStale: false }
  const at = { ...info, head: event.seq }
  const { type, data } = event
  if (data === null) return { info: at, isStale: false }
  if ('chat' in data) return { info: { ...at, ...data.chat, head: at.head }, isStale: false }
  if (type === 'message.created') return addMessage(at, data.message, me)
  if (type === 'message.edited') return { info: withLast(at, data.message), isStale: false }
  if (type === 'message.deleted') {
    const isCounted = data.message.author !== me && data.message.seq > (info.me?.read_seq ?? Infinity)
    return { info: withLast(at, data.message), isStale: isCounted }
  }
  const step = MEMBER_STEPS.get(type)
  if (step === undefined) return { info: at, isStale: false }
  const counted = 'member_count' in data ? data.member_count : undefined
  return { info: { ...at, member_count: counted ?? info.member_count + step }, isStale: false }
}

/** When the last message was posted, in milliseconds; of a chat without one, when it was made. */
export function activityOf ({ last_message, created_at }: ChatInfo): number {
  return Date.parse((last_message ?? { created_at }).created_at)
}

/** Moves the read mark of the user. */
export function applyRead (info: ChatInfo, seq: number): ChangedInfo {
  const { me } = info
  if (me === null || seq <= me.read_seq) return { info, isStale: false }
  const isAll = seq >= (info.last_message?.seq ?? 0)
  const marked = { ...info, me: { ...me, read_seq: seq } }
  return isAll ? { info: cleared(marked), isStale: false } : { info: marked, isStale: info.unread > 0 }
}

function addMessage (info: ChatInfo, message: MessageJson, me: string | null): ChangedInfo {
  const { seq, author, parent } = message
  // A reply is shown in its thread, and counts if one follows that.
  if (parent !== null) return { info, isStale: author !== me }
  const last_message = lastOf(message)
  const added = { ...info, last_message }
  if (info.me === null || last_message.deleted_at !== null) return { info: added, isStale: false }
  if (author === me) return { info: cleared({ ...added, me: { ...info.me, read_seq: seq } }), isStale: false }
  const isMentioned = message.mentions?.some((name) =>
    name === me || name === '@all' || name === `@role:${String(info.me?.role)}`) ?? false
  return {
    info: {
      ...added,
      unread: Math.min(info.unread + 1, MAX_UNREAD),
      ...(info.unread === MAX_UNREAD && { unread_more: true }),
      mentions: (info.mentions ?? 0) + (isMentioned ? 1 : 0)
    },
    isStale: false
  }
}

function cleared (info: ChatInfo): ChatInfo {
  return { ...info, unread: 0, unread_more: false, mentions: 0 }
}

function withLast (info: ChatInfo, message: MessageJson): ChatInfo {
  return info.last_message?.seq === message.seq ? { ...info, last_message: lastOf(message) } : info
}

function lastOf ({ seq, author, created_at, text, deleted_at = null }: MessageJson): LastMessage {
  return { seq, author, created_at, deleted_at, ...(text !== undefined && { text }) }
}
