/** The messages of a chat as events change them. Pure: every function returns a new state, or the same one. */
import type { ConfabProblem } from '../problem.ts'
import {
  type ChatEvent, type EventData, type EventOf, type Message, type MessageJson, messageOf, type Reactions
} from '../types.ts'

/** The most participants that a thread names. */
const MAX_PARTICIPANTS = 5

/** A message in a list: one that is not stored yet has no seq. */
export type ListedMessage = Omit<Message, 'seq'> & {
  readonly seq: number | null
  /** Stays the same when the message is stored. */
  readonly key: string
  /** `sending` as long as the message, or a change of it, is not confirmed. */
  readonly status: 'sent' | 'sending' | 'failed'
  /** Why it could not be sent. */
  readonly problem: ConfabProblem | null
}

/** A stored message, and the seq of the log that it is true for: later events change it, earlier ones are in it. */
type Entry = { readonly seq: number, readonly at: number, readonly message: ListedMessage }

/** The loaded part of the main list, or of a thread, in the order of the seqs. */
export type Timeline = {
  /** The message whose thread it is. */
  readonly parent: number | null
  /** The user whose list it is. */
  readonly me: string | null
  /** Events up to here are applied. */
  readonly at: number
  readonly entries: readonly Entry[]
  readonly hasOlder: boolean
}

/** A part of the list as the server sends it. */
export type TimelinePage = { items: readonly MessageJson[], head: number, hasOlder: boolean }

/** The timeline that a first page makes. */
export function openTimeline (
  { items, head, hasOlder }: TimelinePage, { me, parent }: Pick<Timeline, 'me' | 'parent'>
): Timeline {
  return { parent, me, at: head, hasOlder, entries: items.map((json) => entryOf(json, head, me)) }
}

/** Adds older messages. */
export function addOlder (timeline: Timeline, { items, head, hasOlder }: TimelinePage): Timeline {
  const first = timeline.entries[0]?.seq ?? Infinity
  const older = items.filter(({ seq }) => seq < first).map((json) => entryOf(json, head, timeline.me))
  return { ...timeline, hasOlder, entries: [...older, ...timeline.entries] }
}

/** The last messages of a timeline alone. @param count at most so many */
export function latestOf (timeline: Timeline, count: number): Timeline {
  const { entries, hasOlder } = timeline
  return { ...timeline, entries: entries.slice(-count), hasOlder: hasOlder || entries.length > count }
}

/** The seq of the oldest message that is loaded. */
export function oldestOf ({ entries }: Timeline): number | undefined {
  return entries[0]?.seq
}

/** Applies the next event of the log. What it changes outside the loaded part is left out. */
export function applyEvent (timeline: Timeline, event: ChatEvent): Timeline {
  if (event.seq <= timeline.at) return applyToOlder(timeline, event)
  return { ...applyToOlder(timeline, event), at: event.seq }
}

/**
 * An event that the first page has may still change older messages, which were read before it. The message of an event
 * is as it is when it is read: its thread may have replies whose events are still to come, and would count them twice.
 */
function applyToOlder (timeline: Timeline, event: ChatEvent): Timeline {
  const { type, data, seq } = event
  if (data === null) return timeline
  if ('reaction' in data) return applyReaction(timeline, event, data)
  if (type === 'message.created') return addCreated(timeline, event, data.message)
  if (type === 'message.edited') return replaceShared(timeline, data.message, seq)
  if (type === 'message.deleted')
    return changeThread(replaceShared(timeline, data.message, seq), data.message, { event, by: -1 })
  if (type !== 'message.pinned' && type !== 'message.unpinned') return timeline
  return change(timeline, data.message.seq, seq, (message) => ({ ...message, pinned_at: data.message.pinned_at }))
}

/** Puts in a message of an answer to the user. @param at the seq of the event that it is true for, if there is one */
export function replaceMessage (timeline: Timeline, json: MessageJson, at: number | null): Timeline {
  const entry = timeline.entries.find(({ seq }) => seq === json.seq)
  if (entry === undefined || json.version < entry.message.version) return timeline
  const isAhead = at !== null && at > entry.at
  const fresh = isAhead ? json : { ...json, thread: entry.message.thread }
  return put(timeline, entryOf(fresh, isAhead ? at : entry.at, timeline.me))
}

/** Takes out a message that is hidden from the user. */
export function removeMessage (timeline: Timeline, seq: number): Timeline {
  const entries = timeline.entries.filter((entry) => entry.seq !== seq)
  return entries.length === timeline.entries.length ? timeline : { ...timeline, entries }
}

function addCreated (timeline: Timeline, event: EventOf<'message.created'>, message: MessageJson): Timeline {
  if (message.parent === timeline.parent) {
    return timeline.at >= event.seq
      ? timeline
      : { ...timeline, entries: [...timeline.entries, entryOf({ ...message, thread: null }, event.seq, timeline.me)] }
  }
  return changeThread(timeline, message, { event, by: 1 })
}

function changeThread (
  timeline: Timeline, { parent, author }: MessageJson, { event, by }: { event: ChatEvent, by: 1 | -1 }
): Timeline {
  if (parent === null || parent === timeline.parent) return timeline
  return change(timeline, parent, event.seq, (message) => {
    const known = message.thread ?? { replies: 0, last_reply_at: event.at, participants: [] }
    const thread = { ...known, replies: known.replies + by }
    if (by < 0) return { ...message, thread: thread.replies > 0 ? thread : null }
    const others = known.participants.filter((user) => user !== author)
    const participants = [...(author === null ? [] : [author]), ...others].slice(0, MAX_PARTICIPANTS)
    return { ...message, thread: { ...thread, last_reply_at: event.at, participants } }
  })
}

function applyReaction (timeline: Timeline, { seq, type }: ChatEvent, data: EventData['reaction.added']): Timeline {
  const { reaction: { user, emoji }, message: { seq: target, reactions } } = data
  return change(timeline, target, seq, (message) => {
    const merged = withOwn(reactions, message.reactions)
    const changed = merged[emoji]
    if (user !== timeline.me || changed === undefined) return { ...message, reactions: merged }
    const own = type === 'reaction.added' ? { ...changed, me: true } : { count: changed.count }
    return { ...message, reactions: { ...merged, [emoji]: own } }
  })
}

/** What many share does not say which reactions are one's own: that is known from before. */
function withOwn (reactions: Reactions, known: Reactions): Reactions {
  return Object.fromEntries(Object.entries(reactions).map(([emoji, reaction]) =>
    [emoji, known[emoji]?.me === true ? { ...reaction, me: true } : reaction]))
}

/** A message that many share does not say which reactions are one's own. */
function replaceShared (timeline: Timeline, json: MessageJson, at: number): Timeline {
  return change(timeline, json.seq, at, (known) => {
    const fresh = listed({ ...json, thread: json.deleted_at == null ? known.thread : null }, timeline.me)
    return json.version < known.version ? known : { ...fresh, reactions: withOwn(fresh.reactions, known.reactions) }
  })
}

/** Changes a message by the event of a seq, unless it is in it already. */
function change (
  timeline: Timeline, target: number, at: number, act: (message: ListedMessage) => ListedMessage
): Timeline {
  const entry = timeline.entries.find(({ seq }) => seq === target)
  if (entry === undefined || at <= entry.at) return timeline
  return put(timeline, { seq: target, at, message: act(entry.message) })
}

function put (timeline: Timeline, entry: Entry): Timeline {
  return { ...timeline, entries: timeline.entries.map((known) => (known.seq === entry.seq ? entry : known)) }
}

function entryOf (json: MessageJson, at: number, me: string | null): Entry {
  return { seq: json.seq, at, message: listed(json, me) }
}

function listed (json: MessageJson, me: string | null): ListedMessage {
  const message = messageOf(json)
  const isOwn = message.author === me && message.client_id !== null
  const key = isOwn ? keyOf(message.client_id) : `s:${String(message.seq)}`
  return { ...message, key, status: 'sent', problem: null }
}

/** The key of a message of one's own. */
export function keyOf (clientId: string | null): string {
  return `c:${String(clientId)}`
}
