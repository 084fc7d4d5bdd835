/** The source from which feeds read missing events and members: the log in the store. */
import type { ChatEvent } from '../domain/events/event.ts'
import type { Metrics } from '../observability/metrics/metrics.ts'
import type { Tracing } from '../observability/tracing/tracing.ts'
import type { BatchTrace, FeedSource } from './chat-feed.ts'
import { type Codec, encodeFrames } from './codec.ts'
import { BatchEvents, createEventBatch, type EventBatch } from './event-batch.ts'
import type { Gap } from './gap-repair.ts'

/** The head of a chat: its last seq, and the version of its membership. */
export type ChatHead = { chatId: number, lastSeq: number, membersVersion: number }

/** The logs of all chats, and their members. */
export type ChatLog = {
  /** @throws {ChatError} `not_a_participant` */
  membership: (userId: number, chatId: number) => Promise<ChatHead & { fromSeq: number }>
  heads: (chatIds: number[]) => Promise<ChatHead[]>
  /** The members of a chat by user id, with the seq after which events are visible to them. */
  participants: (chatId: number) => Promise<ReadonlyMap<number, number>>
  /**
   * Events of a chat with `after < seq`, oldest first. A seq that is missing in a page before its last one will never
   * appear: the head is locked from numbering to the commit, so commit order is seq order.
   */
  read: (chatId: number, after: number, limit: number) => Promise<ChatEvent[]>
  /** The same for a member; empty for others. */
  readAs: (userId: number, chatId: number, after: number, limit: number) => Promise<ChatEvent[]>
}

/** Dependencies of the source. */
export type FeedSourceDeps = {
  log: Pick<ChatLog, 'heads' | 'participants' | 'read'>
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
   * read.
   */
  async read (chatId: number, after: number, limit: number): Promise<EventBatch> {
    let { events, head } = await this.#readPage(chatId, after, limit)
    let lastSeq = events.at(-1)?.seq ?? after
    if (events.length === 0 && head !== undefined && head.lastSeq > after) {
      const knownHead = head.lastSeq;
      ({ events, head } = await this.#readPage(chatId, after, limit))
      lastSeq = events.at(-1)?.seq ?? knownHead
    }
    const batch = createEventBatch(encodeFrames(this.#deps.codecOf(chatId), events), {
      lastSeq,
      membersVersion: head?.membersVersion ?? 0,
      committedAt: events[0]?.at.getTime() ?? 0,
      events: this.#deps.hasManyCodecs ? new BatchEvents(() => events) : undefined
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

  async members (chatId: number): Promise<{ version: number, fromSeqs: ReadonlyMap<number, number> }> {
    const [head] = await this.#deps.log.heads([chatId])
    return { version: head?.membersVersion ?? 0, fromSeqs: await this.#deps.log.participants(chatId) }
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
  ): Promise<{ events: ChatEvent[], head: ChatHead | undefined }> {
    const events = await this.#deps.log.read(chatId, after, limit)
    const [head] = await this.#deps.log.heads([chatId])
    return { events, head }
  }
}
