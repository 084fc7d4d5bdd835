/** What sockets are told beside the events of logs: it is neither stored nor replayed. */
import type { PresenceStatus } from './presence-watches.ts'

/** A notice for sockets in a chat. */
export type ChatNotice = {
  /** Another user has brought the user of a socket into the chat, or is typing there. */
  readonly kind: 'chat.added' | 'typing'
  readonly chatId: number
  /** Who did it; the id is missing where it is not known. */
  readonly username: string
  readonly userId?: number
}

/** A member has read a chat up to a seq, or the thread of a message in it. */
export type ReadNotice = {
  readonly kind: 'read'
  /** The id of the chat in `/v1`. */
  readonly chat: string
  readonly userId: number
  readonly username: string
  readonly seq: number
  readonly parentSeq: number | undefined
}

/** The presence of a user that a socket watches. */
export type PresenceNotice = {
  readonly kind: 'presence'
  /** The id of the user in `/v1`. */
  readonly user: string
  readonly status: PresenceStatus
  /** In milliseconds since 1970: of one who is offline, if it is known. */
  readonly lastSeenAt: number | undefined
}

/** A notice for the sockets of a face. */
export type Notice =
  | ChatNotice
  | ReadNotice
  | PresenceNotice
  /** Who of the user's contacts is online. */
  | { readonly kind: 'contacts.online', readonly usernames: readonly string[] }
  /** A contact has come or gone. */
  | { readonly kind: 'contact.changed', readonly username: string, readonly isOnline: boolean }

/** A notice as the frame of a face. `type` is a label of the metrics. */
export type ShownNotice = { readonly type: string }
