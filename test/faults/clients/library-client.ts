/**
 * A program that uses `confab-client`, and writes down what the library tells it: what comes to whoever relies on that.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { ConfabClient } from '../../../src/client/index.ts'
import type { PostRecord, ReaderRecord } from '../checking/history.ts'
import type { Journal } from './journal.ts'

const INTERVAL_MS = 400
const LOOK_INTERVAL_MS = 20
/** Sooner than its defaults, so that a round need not wait for it. */
const PATIENCE = { timeoutMs: 4_000, heartbeatMs: 4_000, backoff: { baseMs: 100, maxMs: 1_000 } }

/** Who it is, and where. */
export type LibraryClientOptions = {
  readonly name: string
  readonly url: string
  readonly token: string
  readonly chatID: number
  readonly journal: Journal
}

/** Posts to a chat and follows it from its beginning. */
export class LibraryClient {
  /** What it was told of the history that it knows now. */
  record: ReaderRecord
  /** What it was told of earlier histories, until it was told that they are void. */
  readonly voided: ReaderRecord[] = []
  /** What it posts, in order. */
  readonly posts: PostRecord[] = []
  readonly #options: LibraryClientOptions
  readonly #client: ConfabClient
  readonly #unanswered = new Set<Promise<void>>()
  readonly #timer: NodeJS.Timeout
  #isPaused = false

  constructor (options: LibraryClientOptions) {
    const { name, url, token, chatID, journal } = options
    this.#options = options
    this.record = { reader: name, chatID, start: 0, seen: [] }
    journal.readers.push(this.record)
    this.#client = new ConfabClient({ url, WebSocket, tokens: { accessToken: token, refreshToken: '' }, ...PATIENCE })
    const chat = this.#client.open(chatID, { after: 0 })
    chat.on('message', ({ seq, messageID, text }) => {
      this.record.seen.push({ seq, messageID, text, at: Date.now() })
    })
    chat.on('reset', ({ seq }) => this.#startOver(seq))
    chat.on('refused', (error) => {
      journal.failures.push(`${name} was refused: ${error.code}`)
    })
    this.#client.connect()
    const socket = journal.nextSocket()
    this.#timer = setInterval(() => {
      if (this.#isPaused) return
      // All its posts count as those of one connection: it promises their order through as many as it takes.
      const post: PostRecord = {
        chatID,
        author: name,
        text: `${name} ${String(this.posts.length)}`,
        sentAt: Date.now(),
        sockets: [socket]
      }
      this.posts.push(post)
      journal.posts.push(post)
      const answered = chat
        .post(post.text)
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
    }, INTERVAL_MS)
  }

  get name (): string {
    return this.#options.name
  }

  get chatID (): number {
    return this.#options.chatID
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
    this.#client.close()
  }

  #startOver (seq: number): void {
    const { name, chatID, journal } = this.#options
    this.record.removedAt = this.record.seen.at(-1)?.seq ?? 0
    this.voided.push(this.record)
    this.record = { reader: `${name}, history ${String(this.voided.length + 1)}`, chatID, start: seq, seen: [] }
    journal.readers.push(this.record)
  }
}
