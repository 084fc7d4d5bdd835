/**
 * The lines of a conversation, from top to bottom: days, groups of messages, the mark before unread ones, pending
 * posts.
 */
import type { Message } from '../../client/chatcli/index.ts'
import type { ConversationState } from './conversation.ts'
import { isSameDay } from './dates.ts'
import type { Post } from './outgoing.ts'

/** Maximum time between messages of one group, in milliseconds. */
const GROUP_MS = 300_000

/** A message or a post: `key` is the same for a post and the message that it becomes. */
export type TimelineMessage = {
  kind: 'said'
  key: string
  isOwn: boolean
  /** Undefined for a post. */
  seq: number | undefined
  username: string
  text: string
  at: Date
  /** Whether it is the first, or the last, of a group. */
  isFirst: boolean
  isLast: boolean
  /** Whether its time is shown: before a pause, and at the end. */
  isTimed: boolean
  /** Whether it is the last of all. */
  isNewest: boolean
  /** Undefined for messages of others. */
  post: Post | undefined
}

/** A line of the conversation. */
export type Line = TimelineMessage | { kind: 'day', key: string, day: Date } | { kind: 'new', key: string }

type Entry = Pick<TimelineMessage, 'key' | 'isOwn' | 'seq' | 'username' | 'text' | 'at' | 'post'>

/** Arranges a conversation for one of its two members. */
export function timelineOf (
  { messages, posts, firstNew }: ConversationState,
  me: { userID: number, username: string }
): Line[] {
  const entries = [
    ...messages.map((message) => entryOfMessage(message, me.userID)),
    ...posts.map((post) => entryOfPost(post, me.username))
  ]
  return entries.flatMap((entry, index) =>
    linesOf(entry, { before: entries[index - 1], after: entries[index + 1], firstNew })
  )
}

type Around = { before: Entry | undefined, after: Entry | undefined, firstNew: number | undefined }

function linesOf (entry: Entry, { before, after, firstNew }: Around): Line[] {
  const isNewDay = before === undefined || !isSameDay(before.at, entry.at)
  const isFirstNew = firstNew !== undefined && entry.seq === firstNew
  return [
    ...(isNewDay ? [{ kind: 'day', key: `day ${entry.at.toDateString()}`, day: entry.at } as const] : []),
    ...(isFirstNew ? [{ kind: 'new', key: 'new' } as const] : []),
    {
      ...entry,
      kind: 'said',
      isFirst: isFirstNew || !isTogether(before, entry),
      isLast: !isTogether(entry, after) || (firstNew !== undefined && after?.seq === firstNew),
      isTimed: !isSoon(entry, after),
      isNewest: after === undefined
    }
  ]
}

function isTogether (one: Entry | undefined, next: Entry | undefined): boolean {
  return one?.isOwn === next?.isOwn && isSoon(one, next)
}

function isSoon (one: Entry | undefined, next: Entry | undefined): boolean {
  return (
    one !== undefined &&
    next !== undefined &&
    isSameDay(one.at, next.at) &&
    next.at.getTime() - one.at.getTime() < GROUP_MS
  )
}

function entryOfMessage ({ seq, userID, username, text, timestamp, clientMessageID }: Message, myID: number): Entry {
  const isOwn = userID === myID
  return {
    seq,
    key: isOwn && clientMessageID !== undefined ? clientMessageID : `seq ${String(seq)}`,
    isOwn,
    username,
    text,
    at: new Date(timestamp),
    post: undefined
  }
}

function entryOfPost (post: Post, username: string): Entry {
  return { seq: undefined, key: post.id, isOwn: true, username, text: post.text, at: new Date(post.at), post }
}
