/** The resources of `/v1` as the server sends them: its JSON, with its names. */

/** JSON of the application's own. */
export type Data = Readonly<Record<string, unknown>>

/** A user. */
export type User = {
  readonly id: string
  readonly name: string
  readonly avatar: string | null
  readonly data: Data
  readonly version: number
  readonly created_at: string
}

/** A file of a message. */
export type Attachment = {
  readonly file: string
  readonly name: string
  readonly content_type: string
  readonly size: number
  readonly width?: number
  readonly height?: number
}

/** The reactions to a message by emoji. */
export type Reactions = Readonly<Record<string, { readonly count: number, readonly me?: boolean }>>

/** The replies to a message. */
export type Thread = {
  readonly replies: number
  readonly last_reply_at: string
  readonly participants: readonly string[]
}

/** A message. Of a deleted one the fields of its content are empty. */
export type Message = {
  readonly chat: string
  readonly seq: number
  /** Null when the user was erased. */
  readonly author: string | null
  readonly version: number
  readonly created_at: string
  readonly parent: number | null
  readonly text: string
  readonly client_id: string | null
  readonly edited_at: string | null
  readonly deleted_at: string | null
  readonly reply_to: number | null
  readonly thread: Thread | null
  readonly mentions: readonly string[]
  readonly attachments: readonly Attachment[]
  readonly reactions: Reactions
  readonly pinned_at: string | null
  readonly data: Data
}

/** A message as the server sends it: a deleted one has nothing but its place. */
export type MessageJson = Pick<Message, 'chat' | 'seq' | 'author' | 'version' | 'created_at' | 'parent'> &
  Partial<Message>

/** What one is in a chat. */
export type Membership = {
  /** Null for who is in a public chat without being a member. */
  readonly role: string | null
  readonly permissions: readonly string[]
  readonly read_seq: number
  readonly muted: boolean
  readonly pinned: boolean
  readonly archived: boolean
  readonly notifications: 'all' | 'mentions' | 'none'
}

/** The last message of a chat in a list. */
export type LastMessage = {
  readonly seq: number
  readonly author: string | null
  readonly text?: string
  readonly created_at: string
  readonly deleted_at: string | null
}

/** A chat as its reader sees it. */
export type ChatInfo = {
  readonly id: string
  readonly type: string
  readonly name: string | null
  readonly description: string | null
  readonly avatar: string | null
  readonly data: Data
  readonly version: number
  readonly member_count: number
  /** Of a direct chat the other user; null when it is erased. */
  readonly partner?: string | null
  readonly created_at: string
  readonly frozen_at: string | null
  readonly head: number
  readonly epoch: string
  readonly last_message: LastMessage | null
  /** At most 999; then `unread_more` says that there may be more. */
  readonly unread: number
  readonly unread_more?: boolean
  readonly mentions?: number
  readonly me: Membership | null
}

/** A member of a chat. */
export type Member = {
  readonly user: string | null
  readonly role: string
  readonly joined_at?: string
  readonly data?: Data
}

/** The user or the API key that caused an event. */
export type Actor = { readonly user?: string, readonly key?: string }

type Place = {
  readonly chat: string
  readonly seq: number
  readonly epoch: string
  readonly at: string
  readonly actor: Actor
}

/** The types of events and their `data`, which is null for who may not see it. */
export type EventData = {
  'message.created': { readonly message: MessageJson }
  'message.edited': { readonly message: MessageJson }
  'message.deleted': { readonly message: MessageJson }
  'reaction.added': ReactionData
  'reaction.removed': ReactionData
  'message.pinned': PinData
  'message.unpinned': PinData
  'member.added': MemberData
  'member.joined': MemberData
  'member.left': MemberData
  'member.removed': MemberData
  'member.updated': MemberData
  'chat.created': ChatData
  'chat.updated': ChatData
  'chat.frozen': ChatData
  'chat.unfrozen': ChatData
}

type ReactionData = {
  readonly reaction: { readonly user: string, readonly emoji: string }
  readonly message: { readonly seq: number, readonly reactions: Reactions }
}
type PinData = { readonly message: { readonly seq: number, readonly pinned_at: string | null } }
/** In large chats only their number comes with the members of others. */
type MemberData = { readonly member?: Member, readonly member_count?: number }
type ChatData = { readonly chat: Partial<ChatInfo> }

/** The type of an event that this version knows. */
export type EventType = keyof EventData

/** An event of a type. */
export type EventOf<Type extends EventType> = Place & { readonly type: Type, readonly data: EventData[Type] | null }

/** An event of the log of a chat. Newer servers may send types that are not listed here. */
export type ChatEvent = { [Type in EventType]: EventOf<Type> }[EventType]

/** An event of a user's own feed. */
export type FeedEvent = {
  readonly type: string
  readonly pos: number
  readonly epoch: string
  readonly at: string
  readonly chat?: string
  readonly data: Data
}

/** A page of a list. */
export type Page<Item> = {
  readonly items: readonly Item[]
  readonly next: string | null
  readonly prev: string | null
  readonly head?: number
  readonly epoch?: string
}

/** Whether somebody is there; `unknown` when the server cannot tell, or may not. */
export type Presence = { readonly status: 'online' | 'offline' | 'unknown', readonly last_seen?: string | null }

/** A read mark: the user has read the chat up to there. */
export type Receipt = { readonly user: string, readonly seq: number }

/** The frames of the server by their types. */
type ServerFrames = {
  welcome: {
    readonly user: string
    readonly epoch: string
    readonly pos: number
    readonly heartbeat_ms: number
    readonly limits: { readonly chats: number }
  }
  ack: { readonly ref?: string | number, readonly seq?: number | null, readonly duplicate?: true }
  problem: {
    readonly ref?: string | number
    readonly chat?: string
    readonly code: string
    readonly detail: string
    readonly retryable: boolean
  }
  subscribed: { readonly chat: string, readonly head: number, readonly receipts?: readonly Receipt[] }
  event: { readonly event: ChatEvent }
  feed: { readonly event: FeedEvent }
  read: Receipt & { readonly chat: string, readonly parent?: number | null }
  typing: { readonly chat: string, readonly user: string, readonly until: string }
  presence: Presence & { readonly user: string }
  reset: { readonly chat?: string, readonly reason: ResetReason }
  drain: { readonly reconnect_in_ms: number }
}

/** A frame of the server. */
export type ServerFrame = { [Type in keyof ServerFrames]: { readonly type: Type } & ServerFrames[Type] }[
  keyof ServerFrames
]

/** A frame of a type. */
export type FrameOf<Type extends keyof ServerFrames> = Extract<ServerFrame, { type: Type }>

/** Why what a client knows is void. */
export type ResetReason = 'epoch_changed' | 'removed' | 'deleted' | 'too_far_behind'

/** Makes a test for objects with these fields, as what the server sends is not checked further. */
export function withFields<Type extends object> (
  ...names: readonly (keyof Type & string)[]
): (value: unknown) => value is Type {
  return (value): value is Type =>
    typeof value === 'object' && value !== null && names.every((name) => name in value)
}

/** A message with all its fields. */
export function messageOf (json: MessageJson): Message {
  return {
    text: '',
    client_id: null,
    edited_at: null,
    deleted_at: null,
    reply_to: null,
    thread: null,
    mentions: [],
    attachments: [],
    reactions: {},
    pinned_at: null,
    data: {},
    ...json
  }
}
