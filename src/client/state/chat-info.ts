/** A chat in a list as events change it. Pure. */
import type { ChatEvent, ChatInfo, MessageJson } from '../types.ts'

const MAX_UNREAD = 999

/** What an event makes of a chat. `isStale` when only the server can count what is unread now. */
export type ChangedInfo = { info: ChatInfo, isStale: boolean }

/** Applies the next event of the log. */
export function applyToInfo (info: ChatInfo, event: ChatEvent, me: string | null): ChangedInfo {
  if (event.seq <= info.head) return { info, isStale: false }
  const at = { ...info, head: event.seq }
  if (event.data === null) return { info: at, isStale: false }
  switch (event.type) {
    case 'message.created':
      return addMessage(at, event.data.message, me)
    case 'message.edited':
      return { info: withLast(at, event.data.message), isStale: false }
    case 'message.deleted': {
      const { message } = event.data
      const isCounted = message.author !== me && message.seq > (info.me?.read_seq ?? Infinity)
      return { info: withLast(at, message), isStale: isCounted }
    }
    case 'chat.created':
    case 'chat.updated':
    case 'chat.frozen':
    case 'chat.unfrozen':
      return { info: { ...at, ...event.data.chat, head: at.head }, isStale: false }
    case 'member.added':
    case 'member.joined':
    case 'member.left':
    case 'member.removed':
    case 'member.updated':
      return { info: withMember(at, event), isStale: false }
    default:
      return { info: at, isStale: false }
  }
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
  const { seq, author, created_at, text, parent } = message
  const deleted_at = message.deleted_at ?? null
  // A reply is shown in its thread, and counts if one follows that.
  if (parent !== null) return { info, isStale: author !== me }
  const last_message = { seq, author, created_at, deleted_at, ...(text !== undefined && { text }) }
  const added = { ...info, last_message }
  if (info.me === null || deleted_at !== null) return { info: added, isStale: false }
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

function withLast (info: ChatInfo, { seq, text, deleted_at = null }: MessageJson): ChatInfo {
  const { last_message: last } = info
  if (last?.seq !== seq) return info
  const { author, created_at } = last
  return { ...info, last_message: { seq, author, created_at, deleted_at, ...(text !== undefined && { text }) } }
}

type MemberEvent = Extract<ChatEvent, { type: `member.${string}` }>

function withMember (info: ChatInfo, { type, data }: MemberEvent): ChatInfo {
  if (type === 'member.updated') return info
  const step = type === 'member.added' || type === 'member.joined' ? 1 : -1
  return { ...info, member_count: data?.member_count ?? info.member_count + step }
}
