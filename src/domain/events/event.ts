/** The events of a chat's log. */
import type { Reactions } from './extras.ts'
import type { Message } from './message.ts'

/** Who may see an event. */
type Visibility = {
  /** The users who have deleted its message for themselves: its content is not for them. As a rule undefined. */
  readonly hiddenFrom?: readonly number[] | undefined
}

/** A message was posted. The event is the message object itself, so that the writer creates one object for both. */
export type MessageCreated = Message & Visibility & { readonly kind: 'message.created' }

/** The part that all other events have. */
type Entry = Visibility & {
  readonly chatId: number
  readonly seq: number
  readonly at: Date
  /** Null when no user caused it. */
  readonly actorId: number | null
  /** The name of that user. */
  readonly actorName?: string | undefined
  /** The API key that caused it, by itself or on behalf of that user. */
  readonly keyId?: string | undefined
}

/** A membership, beside the user and the role. `data` is the application's own. */
export type MemberDetails = {
  /** In the form of RFC 3339. */
  readonly joinedAt: string
  readonly data: Readonly<Record<string, unknown>>
  /** The number of members after the event; null for a direct chat. */
  readonly memberCount: number | null
  /** Whether there are so many that others than the member are told their number alone. */
  readonly isCounted?: boolean
}

/** A chat without what depends on its reader. Everything in it can be JSON. */
export type ChatState = {
  /** The id in `/v1`. */
  readonly id: string
  readonly type: string
  readonly name: string | null
  readonly description: string | null
  readonly avatar: string | null
  readonly data: Readonly<Record<string, unknown>>
  readonly version: number
  readonly memberCount: number
  readonly createdAt: string
  readonly frozenAt: string | null
}

/** A message has another text, or none any more. `message` is as it is now, which may be later than the event. */
export type MessageChanged = Entry & {
  readonly kind: 'message.edited' | 'message.deleted'
  readonly message: Message
}

/** A user has added a reaction to a message, or has taken it back. `reactions` are as they are now, like a message. */
export type ReactionChanged = Entry & {
  readonly kind: 'reaction.added' | 'reaction.removed'
  readonly targetSeq: number
  readonly userId: number
  readonly username: string
  readonly emoji: string
  readonly reactions: Reactions
}

/** A message was pinned, or is no longer. `pinnedAt` is as it is now. */
export type PinChanged = Entry & {
  readonly kind: 'message.pinned' | 'message.unpinned'
  readonly targetSeq: number
  readonly pinnedAt: Date | null
}

/**
 * A user became a member, or is none any more: `joined` and `left` by themself, `added` and `removed` by the actor.
 * `membersVersion` is the version of the chat's membership from this event on.
 */
export type MembershipChanged = Entry & {
  readonly kind: 'member.added' | 'member.joined' | 'member.left' | 'member.removed'
  readonly userId: number
  readonly username: string
  readonly role: string
  readonly membersVersion: number
  /** Events of earlier builds have none. */
  readonly details?: MemberDetails
}

/** A member has another role, or other data. */
export type MemberUpdated = Entry & {
  readonly kind: 'member.updated'
  readonly userId: number
  readonly username: string
  readonly role: string
  readonly details?: MemberDetails
}

/** A chat that is none of a pair was made, or any chat has other settings. */
export type ChatChanged = Entry & {
  readonly kind: 'chat.created' | 'chat.updated' | 'chat.frozen' | 'chat.unfrozen'
  /** Empty for none. */
  readonly name: string
  /** Events of earlier builds have none. */
  readonly chat?: ChatState
}

/** An event of a kind that this build does not know: it has a place and nothing to show. */
export type UnknownEvent = Entry & { readonly kind: 'unknown' }

/**
 * An event of a chat's log, discriminated by `kind`. Every event has a `seq`, its number in its chat in commit order. A
 * face shows the kinds that its clients know and skips the seqs of the others.
 */
export type ChatEvent =
  | MessageCreated | MessageChanged | ReactionChanged | PinChanged | MembershipChanged | MemberUpdated | ChatChanged
  | UnknownEvent

/** The events that end a membership: nothing after them is for that user. */
const REMOVALS: ReadonlySet<string> = new Set<ChatEvent['kind']>(['member.left', 'member.removed'])

/** Whether an event changes who is a member. */
export function isMembershipChange (event: ChatEvent): event is MembershipChanged {
  return 'membersVersion' in event
}

/** The member of a large chat whom an event is about, who alone is told; undefined for an event that all are told. */
export function onlyReaderOf (event: ChatEvent): number | undefined {
  return 'details' in event && event.details.isCounted === true ? event.userId : undefined
}

/** Whether an event ends a membership. */
export function isRemoval (event: ChatEvent): event is MembershipChanged {
  return event.kind !== 'message.created' && REMOVALS.has(event.kind)
}
