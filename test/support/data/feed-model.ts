/**
 * A chat as its store knows it, the feed that follows it, and subscribers that write down what they get: the model
 * that a feed is compared with. Time is virtual, so a run takes as long as its work and can be repeated exactly.
 */
import { ChatFeed } from '../../../src/realtime/chat-feed.ts'
import { Metrics } from '../../../src/observability/metrics/metrics.ts'
import type { ChatEvent } from '../../../src/domain/events/event.ts'
import { encodeFrames, joinFrames } from '../../../src/realtime/codec.ts'
import { BatchEvents, createEventBatch, type EventBatch, membershipIn } from '../../../src/realtime/event-batch.ts'
import { StoreFeedSource } from '../../../src/realtime/feed-source.ts'
import { FeedReader, PLAIN, SPARSE } from './feed-reader.ts'
import { Random } from './random.ts'
import type { VirtualTime } from '../virtual-time.ts'

const CHAT = 1
const MAX_LATENCY_MS = 40
const REPLAY_PAGE = 3
/** Longer than any wait of a feed, all retries included. */
const SETTLING_MS = 2_500

type Membership = { lastSeq: number, version: number, fromSeq: number }

/** The model. Everything a command can do is one method; none of them waits for an answer of the feed. */
export class FeedModel {
  /** What went wrong, if anything did. */
  readonly complaints: string[] = []
  readonly readers: FeedReader[] = []
  readonly #feed: ChatFeed
  readonly #time: VirtualTime
  readonly #random: Random
  readonly #padding: string
  /** The version of the membership at the commit of each message; index 0 stands for the empty chat. */
  readonly #versions = [1]
  readonly #members: Map<number, number>
  readonly #removals: { userId: number, version: number, head: number }[] = []
  #version = 1
  #isFailing = false
  #asking = { read: 0, members: 0 }
  /** The events that change the membership. */
  readonly #changes = new Map<number, { kind: 'member.removed' | 'member.joined', userId: number }>()
  /** What was removed from the store by hand. */
  readonly #erased = new Set<number>()
  readonly metrics = new Metrics()

  /** @param padding characters that every frame has on top */
  constructor (time: VirtualTime, options: { users: number, seed: number, padding?: number }) {
    this.#time = time
    this.#random = new Random(options.seed)
    this.#padding = 'x'.repeat(options.padding ?? 0)
    this.#members = new Map(Array.from({ length: options.users }, (_, userId) => [userId, 0]))
    const source = new StoreFeedSource({
      log: {
        read: (_chat, after, limit) => this.#answer(() => this.#rows(after, this.head).slice(0, limit)),
        heads: ([chatId = 0]) =>
          this.#answer(() => [{ chatId, lastSeq: this.head, membersVersion: this.#version }]),
        participants: () => this.#answer(() => new Map(this.#members)),
        hiders: async () => Promise.resolve(new Map()),
        openChats: async () => Promise.resolve([])
      },
      codecOf: () => this.#feed.codec ?? PLAIN,
      hasManyCodecs: true,
      metrics: this.metrics,
      tracing: undefined,
      logger: { warn: () => undefined }
    })
    this.#feed = new ChatFeed(CHAT, {
      read: (chat, after, limit) => this.#alone('read', () => source.read(chat, after, limit)),
      members: (chat, userIds) => this.#alone('members', () => source.members(chat, userIds)),
      failed: () => undefined,
      stalled: () => undefined,
      delivered: () => undefined,
      metrics: this.metrics
    })
  }

  /** The seq of the newest message. */
  get head (): number {
    return this.#versions.length - 1
  }

  /** Stores messages; it is not announced. */
  commit (count: number): void {
    for (let index = 0; index < count; index++) this.#versions.push(this.#version)
  }

  /** Removes a message from the store by hand; it is not announced. */
  erase (seq: number): void {
    if (seq <= this.head) this.#erased.add(seq)
  }

  /** Hands the feed the events with these seqs, as the replica that stored them would: a removal ends a batch. */
  announce (first: number, last: number): void {
    if (first < 1 || first > last || last > this.head) return
    for (let seq = first, start = first; seq <= last; seq++) {
      if (seq < last && this.#changes.get(seq)?.kind !== 'member.removed') continue
      this.#feed.receive(this.#run(start, seq, this.#versions[seq] ?? 0))
      start = seq + 1
    }
  }

  /** Takes a user out of the chat by an event; it is not announced. */
  removeByEvent (userId: number): void {
    if (!this.#members.delete(userId)) return
    this.#change('member.removed', userId)
    this.#removals.push({ userId, version: this.#version, head: this.head })
    for (const reader of this.readers) {
      if (reader.userId === userId) reader.endsWith(this.head)
    }
  }

  /** Brings a user back by an event; it is not announced. */
  bringBackByEvent (userId: number): void {
    if (this.#members.has(userId)) return
    this.#members.set(userId, this.head)
    for (const reader of this.readers) {
      if (reader.userId === userId) reader.resumesFrom(this.head)
    }
    this.#change('member.joined', userId)
  }

  #change (kind: 'member.removed' | 'member.joined', userId: number): void {
    this.#version++
    this.#versions.push(this.#version)
    this.#changes.set(this.head, { kind, userId })
  }

  /** Tells the feed of messages without handing them over; nothing says that it is true. */
  hint (lastSeq: number, version = this.#versions[lastSeq] ?? this.#version): void {
    const committedAt = Date.now()
    this.#feed.receive(
      createEventBatch(joinFrames(PLAIN.name, []), { lastSeq, membersVersion: version, committedAt })
    )
  }

  /** Compares the feed with the store. */
  sweep (): void {
    this.#feed.observeHead(this.head, this.#version)
  }

  /** Compares the feed with what the store was when only the first `lastSeq` messages were there. */
  sweepLate (lastSeq: number): void {
    this.#feed.observeHead(lastSeq, this.#versions[lastSeq] ?? 0)
  }

  /** Takes a user out of the chat; it is not announced. */
  remove (userId: number): void {
    if (!this.#members.delete(userId)) return
    this.#version++
    this.#removals.push({ userId, version: this.#version, head: this.head })
    for (const reader of this.readers) {
      if (reader.userId === userId) reader.endsWith(this.head)
    }
  }

  /** Brings a user back; it is not announced. */
  bringBack (userId: number): void {
    if (this.#members.has(userId)) return
    this.#version++
    this.#members.set(userId, this.head)
    for (const reader of this.readers) {
      if (reader.userId === userId) reader.resumesFrom(this.head)
    }
  }

  /** Tells the feed that the membership has this version, true or not. */
  announceMembers (version = this.#version): void {
    this.#feed.observeMembers(version)
  }

  /** From here on the store answers, or does not. */
  setFailing (isFailing: boolean): void {
    this.#isFailing = isFailing
  }

  /** Lets a user follow the chat the way the hub does: from now on, or with a replay of what is behind a seq. */
  join (userId: number, after?: number): void {
    // Without an answer of the store there is nothing to follow.
    this.#join(userId, after).catch(() => undefined)
  }

  /** Lets a reader follow the chat no longer. */
  leave (reader: FeedReader): void {
    this.#feed.flush()
    this.#feed.detach(reader)
    reader.leave()
  }

  /** Lets time pass. */
  async pause (ms: number): Promise<void> {
    await this.#time.pass(ms)
  }

  /** Lets everything come to rest with a store that answers, and looks whether all is where it should be. */
  async settle (): Promise<void> {
    this.setFailing(false)
    await this.pause(SETTLING_MS)
    this.sweep()
    await this.pause(SETTLING_MS)
    for (const reader of this.readers)
      this.complaints.push(...reader.complaintsAt(this.head, this.#members.get(reader.userId)))
    for (const reader of this.readers) this.#feed.detach(reader)
    if (!this.#feed.isEmpty) this.complaints.push('the feed still has subscribers')
    this.#feed.close()
  }

  async #join (userId: number, after: number | undefined): Promise<void> {
    let membership = await this.#findMembership(userId)
    if (membership !== undefined) this.#feed.observeHead(membership.lastSeq, membership.version)
    while (membership !== undefined && membership.version < this.#feed.membersVersion) {
      membership = await this.#findMembership(userId)
      if (membership !== undefined) this.#feed.observeHead(membership.lastSeq, membership.version)
    }
    if (membership === undefined) return
    if (after !== undefined && after > membership.lastSeq) return
    const startSeq =
      Math.max(after ?? this.#feed.nextSeq - 1, after === undefined ? membership.lastSeq : membership.fromSeq) + 1
    const codec = this.#random.chance(0.5) ? PLAIN : SPARSE
    const reader = new FeedReader({ userId, codec }, membership, startSeq, this.#erased)
    this.readers.push(reader)
    // Who was removed between the answer of the store and now was so before this reader was there.
    for (const removal of this.#removals) {
      if (removal.userId === userId && removal.version > membership.version) reader.endsWith(removal.head)
    }
    const stillFrom = this.#members.get(userId)
    if (stillFrom !== undefined) reader.resumesFrom(stillFrom)
    this.#feed.addReplaying(reader)
    if (after === undefined) this.#feed.attach(reader, startSeq)
    else await this.#replay(reader, membership.lastSeq).catch(() => this.leave(reader))
  }

  async #replay (reader: FeedReader, head: number): Promise<void> {
    while (reader.isFollowing() && (reader.nextSeq <= head || reader.nextSeq < this.#feed.nextSeq)) {
      const { last, rows } = await this.#answer(() => {
        const isMember = this.#members.get(reader.userId) === reader.fromSeq
        const last = isMember ? Math.min(this.head, reader.nextSeq + REPLAY_PAGE - 1) : 0
        return { last, rows: this.#rows(reader.nextSeq - 1, last) }
      })
      if (!reader.isFollowing()) break
      if (last < reader.nextSeq) {
        this.leave(reader)
        return
      }
      const { bytes } = encodeFrames(reader.codec, rows)
      if (bytes.length > 0) reader.write(bytes)
      reader.isBroughtTo(last)
    }
    if (reader.isFollowing()) this.#feed.attach(reader, reader.nextSeq)
    else this.#feed.detach(reader)
  }

  /** A batch in either codec, of a build that knows the other one or of one that does not. */
  #run (first: number, last: number, version: number): EventBatch {
    const events = Array.from({ length: last - first + 1 }, (_, index) => this.#event(first + index))
    return createEventBatch(encodeFrames(this.#random.chance(0.7) ? PLAIN : SPARSE, events), {
      lastSeq: last,
      membersVersion: version,
      committedAt: Date.now(),
      membership: membershipIn(events),
      events: this.#random.chance(0.8) ? new BatchEvents(() => events) : undefined
    })
  }

  /** What the store has of a range. */
  #rows (after: number, last: number): ChatEvent[] {
    return Array.from({ length: Math.max(0, last - after) }, (_, index) => after + 1 + index)
      .filter((seq) => !this.#erased.has(seq))
      .map((seq) => this.#event(seq))
  }

  #event (seq: number): ChatEvent {
    const change = this.#changes.get(seq)
    if (change !== undefined) {
      const membersVersion = this.#versions[seq] ?? 0
      return { ...change, chatId: CHAT, seq, at: new Date(), actorId: 1, username: '', role: 'member', membersVersion }
    }
    return {
      kind: 'message.created',
      chatId: CHAT,
      seq,
      id: seq,
      authorId: 1,
      username: '',
      text: this.#padding,
      at: new Date(),
      editedAt: null,
      deletedAt: null,
      version: 1,
      clientMessageId: undefined
    }
  }

  #findMembership (userId: number): Promise<Membership | undefined> {
    return this.#answer(() => {
      const fromSeq = this.#members.get(userId)
      return fromSeq === undefined ? undefined : { lastSeq: this.head, version: this.#version, fromSeq }
    })
  }

  /** What the store says of one moment between the question and the answer. */
  async #answer<Value>(look: () => Value): Promise<Value> {
    await this.#latency()
    if (this.#isFailing) throw new Error('The store is away.')
    const value = look()
    await this.#latency()
    return value
  }

  async #latency (): Promise<void> {
    const ms = this.#random.integer(0, MAX_LATENCY_MS)
    await new Promise<void>((resolve) => setTimeout(resolve, ms))
  }

  /** The feed asks one question of a kind at a time. */
  async #alone<Value>(kind: 'read' | 'members', ask: () => Promise<Value>): Promise<Value> {
    if (++this.#asking[kind] > 1) this.complaints.push(`the store is asked twice at once (${kind})`)
    try {
      return await ask()
    } finally {
      this.#asking[kind]--
    }
  }
}
