/**
 * A program that uses a client library, and writes down what the library tells it: what comes to whoever relies on
 * that.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { ListRecord, PostRecord, ReaderRecord, SeenEvent } from '../checking/history.ts'
import type { Journal } from './journal.ts'

const INTERVAL_MS = 400
const LOOK_INTERVAL_MS = 20

/** Sooner than the defaults of the libraries, so that a round need not wait for them. */
export const PATIENCE = { timeoutMs: 4_000, heartbeatMs: 4_000, backoff: { baseMs: 100, maxMs: 1_000 } }

/** What a library tells. */
export type LibraryListener = {
  readonly onEvent: (event: Omit<SeenEvent, 'at'>) => void
  /** What it told is void. @param start where it begins again, if it says so */
  readonly onReset: (start: number | undefined) => void
  readonly onFailure: (failure: string) => void
}

/** A library that follows a chat. */
export type Library = {
  readonly showsEvents: boolean
  /** The seq behind which it begins; undefined when that is known with the first event. */
  readonly start: number | undefined
  readonly post: (text: string) => Promise<{ seq: number, messageID?: number | undefined }>
  /** The messages that it has now, oldest first, if it keeps them. */
  readonly list: () => ListRecord['items'] | undefined
  readonly close: () => void
}

/** Opens a library. */
export type OpenLibrary = (
  chat: { url: string, token: string, chatID: number }, listener: LibraryListener
) => Library

/** Who it is, and where. */
export type LibraryClientOptions = {
  readonly name: string
  readonly url: string
  readonly token: string
  readonly chatID: number
  readonly journal: Journal
  readonly open: OpenLibrary
}

/** Posts to a chat and follows it. */
export class LibraryClient {
  /** What it was told of the history that it knows now. */
  record: ReaderRecord
  /** What it was told of earlier histories, until it was told that they are void. */
  readonly voided: ReaderRecord[] = []
  /** What it posts, in order. */
  readonly posts: PostRecord[] = []
  readonly #options: LibraryClientOptions
  readonly #library: Library
  readonly #unanswered = new Set<Promise<void>>()
  readonly #timer: NodeJS.Timeout
  /** Where it begins is known with the first event behind that. */
  #isBeginning = false
  #isPaused = false

  constructor (options: LibraryClientOptions) {
    const { name, chatID, journal, open } = options
    this.#options = options
    this.#library = open(options, {
      onEvent: (event) => this.#take({ ...event, at: Date.now() }),
      onReset: (start) => this.#startOver(start),
      onFailure: (failure) => journal.failures.push(`${name} ${failure}`)
    })
    const { start, showsEvents } = this.#library
    this.record = { reader: name, chatID, start: start ?? 0, seen: [], showsEvents }
    if (start === undefined) this.#isBeginning = true
    else journal.readers.push(this.record)
    const socket = journal.nextSocket()
    this.#timer = setInterval(() => {
      if (!this.#isPaused) this.#post(socket)
    }, INTERVAL_MS)
  }

  get name (): string {
    return this.#options.name
  }

  get chatID (): number {
    return this.#options.chatID
  }

  /** The messages that it has now, if the library keeps them. */
  get list (): ListRecord | undefined {
    const items = this.#library.list()
    return items && { client: this.name, chatID: this.chatID, items }
  }

  /** Waits until it was told everything up to a seq. */
  async reached (seq: number, deadlineMs: number): Promise<void> {
    const end = Date.now() + deadlineMs
    while ((this.record.seen.at(-1)?.seq ?? this.record.start) < seq && Date.now() < end) await delay(LOOK_INTERVAL_MS)
  }

  /** Makes no posts for now, and waits until those that were made are answered. */
  async pause (): Promise<void> {
    this.#isPaused = true
    await Promise.all(this.#unanswered)
  }

  /** Makes posts again. */
  resume (): void {
    this.#isPaused = false
  }

  /**
   * Makes no more posts, and waits until those that were made are answered. @returns whether they were before the
   * deadline
   */
  async finish (deadlineMs: number): Promise<boolean> {
    clearInterval(this.#timer)
    return Promise.race([Promise.all(this.#unanswered).then(() => true), delay(deadlineMs, false, { ref: false })])
  }

  /** Is gone; what was not acknowledged is not its business any more. */
  end (): void {
    clearInterval(this.#timer)
    this.#library.close()
  }

  /** @param socket all its posts count as those of one: the library promises their order through as many as it takes */
  #post (socket: number): void {
    const { name, chatID, journal } = this.#options
    const text = `${name} ${String(this.posts.length)}`
    const post: PostRecord = { chatID, author: name, text, sentAt: Date.now(), sockets: [socket] }
    this.posts.push(post)
    journal.posts.push(post)
    const answered = this.#library
      .post(text)
      .then(
        ({ seq, messageID }) => {
          post.ack = { at: Date.now(), seq, messageID }
        },
        (error: unknown) => {
          journal.failures.push(`a post of ${name} failed: ${String(error)}`)
        }
      )
      .finally(() => this.#unanswered.delete(answered))
    this.#unanswered.add(answered)
  }

  #take (event: SeenEvent): void {
    if (this.#isBeginning) this.#begin(event.seq - 1)
    this.record.seen.push(event)
  }

  #startOver (start: number | undefined): void {
    this.record.removedAt = this.record.seen.at(-1)?.seq ?? 0
    if (!this.voided.includes(this.record)) this.voided.push(this.record)
    this.#isBeginning = true
    if (start !== undefined) this.#begin(start)
  }

  #begin (start: number): void {
    const { name, chatID, journal } = this.#options
    this.#isBeginning = false
    const reader = this.voided.length === 0 ? name : `${name}, history ${String(this.voided.length + 1)}`
    this.record = { reader, chatID, start, seen: [], showsEvents: this.#library.showsEvents }
    journal.readers.push(this.record)
  }
}
