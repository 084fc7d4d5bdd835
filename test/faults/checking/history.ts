/**
 * What clients wrote down while something was broken, and what the database holds afterwards. Times are in
 * milliseconds.
 */

/** A post, from its first try to its acknowledgement. Its text is like no other, so that it is known again anywhere. */
export type PostRecord = {
  readonly chatID: number
  /** Who posted it; the order of one author's posts is checked. */
  readonly author: string
  readonly text: string
  readonly sentAt: number
  /** The sockets it was sent over, one for each try. */
  readonly sockets: number[]
  ack?: { readonly at: number, readonly seq: number, readonly messageID: number }
}

/** A message as somebody got it. */
export type SeenMessage = {
  readonly seq: number
  readonly messageID: number
  readonly text: string
  readonly at: number
}

/** What one reader got of one chat over all its sockets, in the order it came. */
export type ReaderRecord = {
  readonly reader: string
  readonly chatID: number
  /** The seq behind which it began. */
  readonly start: number
  readonly seen: SeenMessage[]
  /** The seq up to which it may see the chat, when it was removed. */
  removedAt?: number
  /** How long it took to get everything, counted from when all was well and nobody posted any more. */
  convergedMs?: number
}

/** A row of the table of messages. */
export type StoredRow = {
  readonly chatID: number
  readonly seq: number
  readonly messageID: number
  readonly text: string
}

/** The most memory that a replica had, in MiB, and what it may have. */
export type MemoryRecord = { readonly replica: string, readonly peakMiB: number, readonly boundMiB: number }

/** All of it. */
export type History = {
  readonly posts: readonly PostRecord[]
  readonly readers: readonly ReaderRecord[]
  readonly rows: readonly StoredRow[]
  /** How far each chat goes, by its counter. */
  readonly heads: ReadonlyMap<number, number>
  /**
   * What no fault excuses: errors that are not declared retryable, processes that ended by themselves, and the like.
   */
  readonly failures: readonly string[]
  /** Who was late while something was still broken, where even that has a bound. */
  readonly late: readonly string[]
  readonly memory: readonly MemoryRecord[]
  /** Within what time every reader has to have everything, in milliseconds. */
  readonly convergenceMs: number
}
