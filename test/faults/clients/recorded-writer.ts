/** A client that posts at a steady rate, and repeats each post until it is acknowledged. */
import { setTimeout as delay } from 'node:timers/promises'
import { SocketGoneError } from '../../support/clients/chat-client.ts'
import { integerAt } from '../../support/data/json.ts'
import type { PostRecord } from '../checking/history.ts'
import { CHATCLI_DIALECT } from './chatcli-dialect.ts'
import type { Dialect } from './dialect.ts'
import { Line, type LineOptions } from './line.ts'

const RETRY_DELAY_MS = 100

/** What a writer writes. */
export type WriterOptions = Omit<LineOptions, 'face' | 'greet'> & {
  readonly chatID: number
  /** That of ChatCLI by default. */
  readonly dialect?: Dialect
  /** Time between two posts. */
  readonly intervalMs: number
  /** Posts that may be unanswered; while they are, none is made. */
  readonly window: number
  /** Added to each text. */
  readonly padding?: string
}

/** A writer with the posts that it made. */
export class RecordedWriter {
  readonly posts: PostRecord[] = []
  readonly #options: WriterOptions
  readonly #dialect: Dialect
  readonly #line: Line
  readonly #unanswered = new Set<Promise<void>>()
  readonly #timer: NodeJS.Timeout
  #isPaused = false

  constructor (options: WriterOptions) {
    this.#options = options
    this.#dialect = options.dialect ?? CHATCLI_DIALECT
    this.#line = new Line({ ...options, face: this.#dialect.face })
    this.#timer = setInterval(() => this.#tick(), options.intervalMs)
  }

  get name (): string {
    return this.#options.name
  }

  get token (): string {
    return this.#options.token
  }

  get chatID (): number {
    return this.#options.chatID
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
    const all = Promise.all(this.#unanswered).then(() => true)
    const isDone = await Promise.race([all, delay(deadlineMs, false, { ref: false })])
    this.#line.hangUp()
    await all
    return isDone
  }

  #tick (): void {
    if (this.#isPaused || this.#unanswered.size >= this.#options.window) return
    const { name, chatID, journal, padding = '' } = this.#options
    const post: PostRecord = {
      chatID,
      author: name,
      text: `${name} ${String(this.posts.length)}${padding}`,
      sentAt: Date.now(),
      sockets: []
    }
    this.posts.push(post)
    journal.posts.push(post)
    const answered = this.#post(post, `${name}-${String(this.posts.length)}`).finally(() =>
      this.#unanswered.delete(answered)
    )
    this.#unanswered.add(answered)
  }

  async #post (post: PostRecord, clientMessageID: string): Promise<void> {
    const { name, journal } = this.#options
    const { chatID, text } = post
    for (let socket = await this.#line.socket(); socket !== undefined; socket = await this.#line.socket()) {
      post.sockets.push(socket.number)
      try {
        const answer = await socket.client.request(this.#dialect.post(chatID, text, clientMessageID))
        if (answer['type'] === 'ack') {
          const messageID = 'messageID' in answer ? integerAt(answer, 'messageID') : undefined
          post.ack = { at: Date.now(), seq: integerAt(answer, 'seq'), messageID }
          return
        }
        if (!journal.noteError(name, answer)) return
        await delay(RETRY_DELAY_MS)
      } catch (error) {
        if (!(error instanceof SocketGoneError)) journal.failures.push(`${name} got no answer: ${String(error)}`)
      }
    }
  }
}
