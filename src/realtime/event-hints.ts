/** Hints about new events: those that this replica publishes on the bus, and those that it receives. */
import type { Bus } from '../bus/bus.ts'
import type { CommittedEvents } from '../domain/events/event-writer.ts'
import type { Metrics } from '../observability/metrics/metrics.ts'
import type { Tracing } from '../observability/tracing/tracing.ts'
import { decodeEventBatch, encodeEventBatch, isOld, isSealed, unsealed } from './bus-payload.ts'
import type { ChatFeed } from './chat-feed.ts'
import { type Codecs, encodeFrames } from './codec.ts'
import {
  areMixed, BatchEvents, createEventBatch, type EventBatch, membershipIn, splitBehindRemovals
} from './event-batch.ts'
import type { PayloadSeal } from './payload-seal.ts'
import { chatChannel, type Room } from './rooms.ts'

/** Number of sockets that can be written to in the time that a write to the bus takes, which wakes another process. */
const FEW_SUBSCRIBERS = 4

/** Dependencies. */
export type EventHintsDeps = {
  bus: Bus
  origin: number
  seal: PayloadSeal | undefined
  codecs: Codecs
  /** The room of a chat that sockets of this replica follow. */
  roomOf: (chatId: number) => Room | undefined
  metrics: Metrics
  tracing?: Tracing | undefined
}

/** Passes event batches between the event writers and the feeds of all replicas. */
export class EventHints {
  readonly #deps: EventHintsDeps

  constructor (deps: EventHintsDeps) {
    this.#deps = deps
  }

  /** Publishes stored events: to the sockets of this replica at once, to other replicas through the bus. */
  announce (committed: CommittedEvents): void {
    for (const part of splitBehindRemovals(committed)) this.#announce(part)
  }

  #announce ({ chatId, events, lastSeq, membersVersion, trace }: CommittedEvents): void {
    const span =
      trace === undefined
        ? undefined
        : this.#deps.tracing?.begin('publish', {
            kind: 'producer',
            parent: trace,
            attributes: { 'chat.id': chatId, 'chat.messages': events.length }
          })
    const room = this.#deps.roomOf(chatId)
    const isMixed = areMixed(events)
    const { bus, codecs, origin, seal } = this.#deps
    const batch = createEventBatch(encodeFrames(codecs[0], events), {
      lastSeq,
      membersVersion,
      committedAt: Date.now(),
      membership: membershipIn(events),
      events: codecs.length > 1 || isMixed ? new BatchEvents(() => events) : undefined,
      isMixed,
      trace: span?.context
    })
    const channel = room?.channel ?? chatChannel(chatId)
    const isNamed = isMixed || events.some((event) => event.kind === 'message.created' && event.extras !== undefined)
    const payload = encodeEventBatch(batch, chatId, { origin, isNamed, seal })
    // Both are written at the end of the turn, in this order: writing to a few sockets delays other replicas little,
    // while many sockets would delay them much.
    if (room !== undefined && room.feed.liveCount <= FEW_SUBSCRIBERS) {
      room.feed.receive(batch)
      bus.publish(channel, payload)
    } else {
      bus.publish(channel, payload)
      room?.feed.receive(batch)
    }
    span?.end()
  }

  /** Receives a payload of the channel of a chat. */
  hear (chatId: number, feed: ChatFeed, payload: Buffer): void {
    if (isOld(payload, feed.nextSeq, feed.membersVersion)) {
      this.#deps.metrics.hintDuplicates++
      return
    }
    const batch = decodeEventBatch(payload, this.#deps.codecs[0])
    if (batch !== undefined) this.#receive(chatId, feed, batch, payload)
  }

  #receive (chatId: number, feed: ChatFeed, batch: EventBatch, payload: Buffer): void {
    const { seal, metrics } = this.#deps
    if (seal === undefined || isSealed(payload, chatId, seal)) {
      feed.receive(batch)
      return
    }
    metrics.hintsUnsealed++
    feed.receive(unsealed(batch))
  }
}
