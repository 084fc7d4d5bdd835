/**
 * The push port: tells one device something by way of the service of its maker, which reaches it while no socket is
 * open.
 *
 * **Guarantee.** `send` makes one attempt, settles within {@link SEND_TIMEOUT_MS}, and never rejects. `sent` says that
 * the service has accepted the push, not that the device has shown it. A push with the same topic replaces one that the
 * service still holds, and on the device the notification of the one before. Reasons name no address and no content.
 */
import type { StoredAddress } from '../../store/push-devices.ts'

/** Longest duration of an attempt, in milliseconds. */
export const SEND_TIMEOUT_MS = 20_000

/** The kinds of devices. */
export const PUSH_KINDS = ['web', 'fcm', 'apns'] as const satisfies StoredAddress['kind'][]
export type PushKind = StoredAddress['kind']

/** There is a message: the newest one of its chat that the user has not read. */
export type MessageContent = {
  readonly type: 'message'
  readonly chat: string
  readonly chat_type: string
  /** Null for a direct chat. */
  readonly chat_name: string | null
  readonly seq: number
  /** The message whose thread it belongs to. */
  readonly parent: number | null
  readonly author: { readonly id: string | null, readonly name: string }
  /** The beginning of the text; null where the user wants no previews. */
  readonly text: string | null
  readonly mentioned: boolean
  /** Unread messages of the chat. */
  readonly unread: number
  readonly at: string
}

/** The messages of a chat up to a seq were read elsewhere: their notification is to be closed. */
export type ReadContent = { readonly type: 'read', readonly chat: string, readonly seq: number }

/** What a device is told, with the names of its fields in JSON. */
export type PushContent = MessageContent | ReadContent

/** A push to a device. */
export type Push = {
  readonly to: StoredAddress
  readonly content: PushContent
  /** The same for all pushes about one chat: at most 32 characters of base64url. */
  readonly topic: string
}

/** What became of an attempt. */
export type PushResult =
  | { readonly status: 'sent' }
  /** The service does not know the device any more. */
  | { readonly status: 'gone' }
  | { readonly status: 'failed', readonly reason: string, readonly retryAfterMs?: number | undefined }
  /** The same would be refused again. */
  | { readonly status: 'refused', readonly reason: string }

/** A service for devices of one kind. */
export type PushService = {
  send: (push: Push, signal: AbortSignal) => Promise<PushResult>
  close: () => void
}

/** The services that there are. */
export type PushServices = Readonly<Partial<Record<PushKind, PushService>>>
