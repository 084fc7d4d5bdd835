/** A subscriber of a feed that checks every byte it gets. */
import type { FeedSubscriber } from '../../../src/realtime/audience.ts'
import type { ChatEvent } from '../../../src/domain/events/event.ts'
import type { Codec } from '../../../src/realtime/codec.ts'

/** Begins every frame of the second codec. */
const SPARSE_MARK = '~'

/** The frame that stands for a message: any byte of another would show. */
function frame (seq: number, padding: string): string {
  return `${String(seq)}${'.'.repeat(seq % 5)}${padding}\n`
}

function paddingOf (event: ChatEvent): string {
  return event.kind === 'message.created' ? event.text : ''
}

/** Shows every event. */
export const PLAIN: Codec = {
  name: 'plain',
  eventFrameType: 'plain',
  encodeEvent: (event) => Buffer.from(frame(event.seq, paddingOf(event)))
}

/** Shows two of three events, otherwise than the first. */
export const SPARSE: Codec = {
  name: 'sparse',
  eventFrameType: 'sparse',
  encodeEvent: (event) =>
    event.seq % 3 === 0 ? undefined : Buffer.from(SPARSE_MARK + frame(event.seq, paddingOf(event)))
}

/** Follows a chat under one membership. */
export class FeedReader implements FeedSubscriber {
  readonly userId: number
  readonly codec: Codec
  readonly fromSeq: number
  readonly membersVersion: number
  readonly #complaints: string[] = []
  readonly #startSeq: number
  readonly #erased: ReadonlySet<number>
  #nextSeq: number
  /** The seq of the removal: nothing above it may come. */
  #lastAllowed = Infinity
  #hasEnded = false
  #state: 'following' | 'removed' | 'left' = 'following'

  /**
   * @param startSeq the first seq it must get
   * @param erased what was removed from the store by hand: it may come or not
   */
  constructor (
    who: { userId: number, codec: Codec },
    membership: { fromSeq: number, version: number },
    startSeq: number,
    erased: ReadonlySet<number>
  ) {
    this.userId = who.userId
    this.codec = who.codec
    this.#erased = erased
    this.fromSeq = membership.fromSeq
    this.membersVersion = membership.version
    this.#startSeq = startSeq
    this.#nextSeq = startSeq
  }

  /** The seq that must come next. */
  get nextSeq (): number {
    return this.#nextSeq
  }

  /** Whether it still wants what comes. */
  isFollowing (): boolean {
    return this.#state === 'following'
  }

  write (bytes: Buffer): void {
    if (this.#state !== 'following')
      this.#complain(`got bytes after it had ${this.#state === 'left' ? 'left' : 'been removed'}`)
    const text = bytes.toString()
    if (!text.endsWith('\n')) this.#complain('got half a frame')
    for (const marked of text.split('\n').slice(0, -1)) {
      const mark = this.codec === SPARSE ? SPARSE_MARK : ''
      if (!marked.startsWith(mark)) this.#complain(`got ${marked.slice(0, 20)} of another codec`)
      const line = marked.slice(mark.length)
      const seq = Number.parseInt(line, 10)
      const [padding = ''] = /x*$/.exec(line) ?? []
      const due = this.#firstDue(this.#nextSeq, seq - 1)
      if (due !== undefined || !(seq >= this.#nextSeq))
        this.#complain(`got ${line.slice(0, 20)}, not ${String(due ?? this.#nextSeq)}`)
      else if (`${line}\n` !== frame(seq, padding)) this.#complain(`got a mangled ${String(seq)}`)
      if (seq > this.#lastAllowed)
        this.#complain(`got ${String(seq)}, although it was removed at ${String(this.#lastAllowed)}`)
      if (seq <= this.fromSeq) this.#complain(`got ${String(seq)} from before its time`)
      this.#nextSeq = seq + 1
    }
  }

  /** It was read everything up to a seq. */
  isBroughtTo (seq: number): void {
    this.#nextSeq = Math.max(this.#nextSeq, seq + 1)
  }

  removed (): void {
    if (this.#state === 'removed') this.#complain('was removed twice')
    this.#state = 'removed'
  }

  /** It goes by itself. */
  leave (): void {
    this.#state = 'left'
  }

  /** Its membership ends with this seq. */
  endsWith (lastSeq: number): void {
    this.#hasEnded = true
    this.#lastAllowed = Math.min(this.#lastAllowed, lastSeq)
  }

  /** Its user is back from this seq on. Where nothing was posted in between, it is as if they had never been away. */
  resumesFrom (fromSeq: number): void {
    if (fromSeq === this.fromSeq) this.#lastAllowed = Infinity
  }

  /**
   * What is wrong once everything has come to rest.
   * @param fromSeq that of the user's membership now, if there is one
   */
  complaintsAt (head: number, fromSeq: number | undefined): string[] {
    if (this.#state !== 'left') {
      if (this.#state === 'removed' && !this.#hasEnded) this.#complain('was removed, although it is a member')
      else if (this.#state === 'following' && fromSeq !== this.fromSeq)
        this.#complain('was not removed, although it is no member')
      else if (this.#state === 'following' && this.#firstDue(this.#nextSeq, head) !== undefined)
        this.#complain(`got nothing behind ${String(this.#nextSeq - 1)}, although the chat goes up to ${String(head)}`)
    }
    return this.#complaints
  }

  /** The first seq of a range that it must be shown. */
  #firstDue (from: number, to: number): number | undefined {
    for (let seq = from; seq <= to; seq++) {
      if (!this.#erased.has(seq) && (this.codec !== SPARSE || seq % 3 !== 0)) return seq
    }
    return undefined
  }

  #complain (what: string): void {
    this.#complaints.push(`user ${String(this.userId)} (${this.codec.name}), from ${String(this.#startSeq)}: ${what}`)
  }
}
