/**
 * What clients wrote down while something was broken, and what the database holds afterwards. Times are in
 * milliseconds.
 */
import type { GroupHistory } from './group.ts'
import type { WebhookRecord } from './webhook.ts'

/** A post, from its first try to its acknowledgement. Its text is like no other, so that it is known again anywhere. */
export type PostRecord = {
  readonly chatID: number
  /** Who posted it; the order of one author's posts is checked. */
  readonly author: string
  readonly text: string
  readonly sentAt: number
  /** The sockets it was sent over, one for each try. */
  readonly sockets: number[]
  /** Not every face says the id of the message. */
  ack?: { readonly at: number, readonly seq: number, readonly messageID?: number | undefined }
}

/** An edit or a deletion of a message by its author, from its first try to its acknowledgement. */
export type ChangeRecord = {
  readonly post: PostRecord
  /** The seq of the message. */
  readonly seq: number
  /** The new text, like no other; undefined deletes the message. */
  readonly text: string | undefined
  readonly sentAt: number
  /** The sockets it was sent over, one for each try. */
  readonly sockets: number[]
  /** Without a seq an earlier try was stored. */
  ack?: { readonly at: number, readonly seq: number | undefined }
}

/** An event as somebody got it. Messages have a text, which is empty when they are deleted; not all have an id. */
export type SeenEvent = {
  readonly kind: string
  readonly seq: number
  readonly messageID?: number | undefined
  readonly text?: string | undefined
  readonly at: number
}

/** What one reader got of one chat over all its sockets, in the order it came. */
export type ReaderRecord = {
  readonly reader: string
  readonly chatID: number
  /** The seq behind which it began. */
  readonly start: number
  readonly seen: SeenEvent[]
  /** It is shown events that are no messages, too, and so every seq. */
  readonly showsEvents?: boolean
  /** The seq up to which it may see the chat, when it was removed. */
  removedAt?: number
  /** How long it took to get everything, counted from when all was well and nobody posted any more. */
  convergedMs?: number
}

/** The messages of a chat as a client has them in the end, oldest first: all there are, or the newest. */
export type ListRecord = {
  readonly client: string
  readonly chatID: number
  readonly items: readonly { readonly seq: number, readonly text: string }[]
}

/** A row of the table of messages; a deleted one has an empty text. */
export type StoredRow = {
  readonly chatID: number
  readonly seq: number
  readonly messageID: number
  readonly text: string
}

/** An event that is no message; `targetSeq` is the message that it is about. */
export type StoredEvent = { readonly kind: string, readonly targetSeq: number | undefined }

/** The most memory that a replica had, in MiB, and what it may have. */
export type MemoryRecord = { readonly replica: string, readonly peakMiB: number, readonly boundMiB: number }

/** All of it. */
export type History = {
  readonly posts: readonly PostRecord[]
  readonly changes: readonly ChangeRecord[]
  readonly readers: readonly ReaderRecord[]
  readonly lists: readonly ListRecord[]
  readonly rows: readonly StoredRow[]
  /** How far each chat goes, by its counter. */
  readonly heads: ReadonlyMap<number, number>
  /** The events of each chat that are no messages, by their seqs. */
  readonly events: ReadonlyMap<number, ReadonlyMap<number, StoredEvent>>
  /**
   * What no fault excuses: errors that are not declared retryable, processes that ended by themselves, and the like.
   */
  readonly failures: readonly string[]
  /** Who was late while something was still broken, where even that has a bound. */
  readonly late: readonly string[]
  readonly memory: readonly MemoryRecord[]
  /** The group in which everything happens, if there is one. */
  readonly group?: GroupHistory | undefined
  /** What the application got by a webhook, for each chat; nothing where there is none. */
  readonly webhooks: readonly WebhookRecord[]
  /** Within what time every reader has to have everything, in milliseconds. */
  readonly convergenceMs: number
}
