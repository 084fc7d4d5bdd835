/** The source from which feeds read missing events and members: the log in the store. */
import { type ChatEvent, isMembershipChange } from '../domain/events/event.ts'
import { targetOf } from '../domain/events/reading.ts'
import type { Metrics } from '../observability/metrics/metrics.ts'
import type { Tracing } from '../observability/tracing/tracing.ts'
import type { BatchTrace, FeedSource } from './chat-feed.ts'
import { type Codec, encodeFrames } from './codec.ts'
import {
  areMixed, BatchEvents, createEventBatch, type EventBatch, membershipIn, upToRemoval
} from './event-batch.ts'
import type { Gap } from './gap-repair.ts'

/** The head of a chat: its last seq, and the version of its membership. */
export type ChatHead = { chatId: number, lastSeq: number, membersVersion: number }
/**
 * A user's membership of a chat: the seq after which events are visible, the other member of a direct chat, the id that
 * the application has chosen for the chat, if it has, and the type of the chat.
 */
export type ChatMembership = ChatHead & {
  fromSeq: number
  otherId: number | null
  chosenId: string | null
  type: string
  /** Whether the user is none of its members, and reads it because anybody may. */
  isVisitor?: boolean
  /** Whether the user has deleted a message of the chat for themself; undefined when that was not read. */
  hasHidden?: boolean
}

/** The logs of all chats, and their members. */
export type ChatLog = {
  /** @throws {ChatError} `not_a_participant` */
  membership: (userId: number, chatId: number) => Promise<ChatMembership>
  /** Those of these chats that the user is a member of. */
  memberships: (userId: number, chatIds: readonly number[]) => Promise<ChatMembership[]>
  /** Those of these chats that anybody may read, from their beginning. */
  openChats: (chatIds: readonly number[]) => Promise<(ChatHead & { chosenId: string | null, type: string })[]>
  heads: (chatIds: number[]) => Promise<ChatHead[]>
  /** Whether others see that a member of a chat of this type is typing. */
  hasTyping: (type: string) => Promise<boolean>
  /** Whether one of the two of a direct chat has blocked the other. */
  isDirectChatBlocked: (chatId: number) => Promise<boolean>
  /** Those of these users who are members of a chat, with the seq after which events are visible to them. */
  participants: (chatId: number, userIds: readonly number[]) => Promise<ReadonlyMap<number, number>>
  /**
   * Events of a chat with `after < seq`, oldest first. A seq that is missing in a page before its last one will never
   * appear: the head is locked from numbering to the commit, so commit order is seq order.
   */
  read: (chatId: number, after: number, limit: number) => Promise<ChatEvent[]>
  /** Those of these messages of a chat that a user has deleted for themself. */
  hiddenAmong: (userId: number, chatId: number, seqs: readonly number[]) => Promise<number[]>
  /** The users who have deleted one of these messages of a chat for themselves, by its seq. */
  hiders: (chatId: number, seqs: readonly number[]) => Promise<ReadonlyMap<number, readonly number[]>>
  /** The same as `read` for a member; empty for others. */
  readAs: (userId: number, chatId: number, after: number, limit: number) => Promise<ChatEvent[]>
}

/** Dependencies of the source. */
export type FeedSourceDeps = {
  log: Pick<ChatLog, 'heads' | 'hiders' | 'openChats' | 'participants' | 'read'>
  /** The codec in which the batch of a chat is encoded. */
  codecOf: (chatId: number) => Codec
  /** Whether subscribers of one chat may have different codecs. */
  hasManyCodecs: boolean
  metrics: Metrics
  tracing: Tracing | undefined
  logger: { warn: (details: object, message: string) => void }
}

/** Reads from the store. */
export class StoreFeedSource implements FeedSource {
  readonly #deps: FeedSourceDeps
  readonly metrics: Metrics

  constructor (deps: FeedSourceDeps) {
    this.#deps = deps
    this.metrics = deps.metrics
  }

  /**
   * Seqs that are permanently missing in the log, because rows were deleted by hand, are included without an event:
   * those between the events of a page, and those after its last event up to a head that was known before the page was
   * read. A page ends with the first event that ends a membership.
   */
  async read (chatId: number, after: number, limit: number): Promise<EventBatch> {
    let { events, head } = await this.#readPage(chatId, after, limit)
    events = upToRemoval(events)
    let lastSeq = events.at(-1)?.seq ?? after
    if (events.length === 0 && head !== undefined && head.lastSeq > after) {
      const knownHead = head.lastSeq;
      ({ events, head } = await this.#readPage(chatId, after, limit))
      events = upToRemoval(events)
      lastSeq = events.at(-1)?.seq ?? knownHead
    }
    const isMixed = areMixed(events)
    const batch = createEventBatch(encodeFrames(this.#deps.codecOf(chatId), events), {
      lastSeq,
      membersVersion: versionAfter(events, lastSeq, head),
      membership: membershipIn(events),
      committedAt: events[0]?.at.getTime() ?? 0,
      events: this.#deps.hasManyCodecs || isMixed ? new BatchEvents(() => events) : undefined,
      isMixed
    })
    const missing = lastSeq - after - events.length
    if (missing === 0) return batch
    this.metrics.eventsMissing += missing
    this.#deps.logger.warn(
      { chatId, after, lastSeq, missing },
      'the log of a chat lacks events below its head; they are skipped'
    )
    return { ...batch, firstSeq: after + 1, seqs: events.map(({ seq }) => seq) }
  }

  async members (
    chatId: number,
    userIds: readonly number[]
  ): ReturnType<FeedSource['members']> {
    const { log } = this.#deps
    const [head] = await log.heads([chatId])
    const fromSeqs = await log.participants(chatId, userIds)
    return { version: head?.membersVersion ?? 0, fromSeqs, isOpen: (await log.openChats([chatId])).length > 0 }
  }

  failed (error: unknown): void {
    this.#deps.logger.warn(
      { reason: error instanceof Error ? error.message : String(error) },
      'the store cannot be read; trying again'
    )
  }

  stalled (chatId: number, { after, head }: Gap): void {
    this.#deps.logger.warn({ chatId, after, head }, 'events that were announced are not in the store; still looking')
  }

  delivered (traces: readonly BatchTrace[], sockets: number): void {
    for (const { context, at } of traces) {
      this.#deps.tracing
        ?.begin('deliver', {
          kind: 'consumer',
          parent: context,
          startedAt: at,
          attributes: { 'chat.sockets': sockets }
        })
        .end()
    }
  }

  async #readPage (
    chatId: number,
    after: number,
    limit: number
  ): Promise<{ events: readonly ChatEvent[], head: ChatHead | undefined }> {
    const events = await this.#withHiders(chatId, await this.#deps.log.read(chatId, after, limit))
    const [head] = await this.#deps.log.heads([chatId])
    return { events, head }
  }

  /** Notes who has deleted the messages of some events for themself, as the writer of the events has. */
  async #withHiders (chatId: number, events: readonly ChatEvent[]): Promise<readonly ChatEvent[]> {
    const hiders = await this.#deps.log.hiders(chatId, events.flatMap((event) => targetOf(event) ?? []))
    if (hiders.size === 0) return events
    return events.map((event) => {
      const hiddenFrom = hiders.get(targetOf(event) ?? 0)
      return hiddenFrom === undefined ? event : { ...event, hiddenFrom }
    })
  }
}

/**
 * The version of the membership after a page: that of its last event that changes it, if the chat goes on behind the
 * page; otherwise that of the head, which was read later and may be newer.
 */
function versionAfter (events: readonly ChatEvent[], lastSeq: number, head: ChatHead | undefined): number {
  const last = lastSeq < (head?.lastSeq ?? 0) ? events.findLast(isMembershipChange) : undefined
  return last?.membersVersion ?? head?.membersVersion ?? 0
}
