/**
 * A client that posts, and edits and deletes what it has posted: one after the other, and each repeated until it is
 * acknowledged.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { SocketGoneError } from '../../support/clients/chat-client.ts'
import type { Frame } from '../../support/clients/socket.ts'
import { integerAt } from '../../support/data/json.ts'
import type { ChangeRecord, PostRecord } from '../checking/history.ts'
import { CHATCLI_DIALECT } from './chatcli-dialect.ts'
import type { Dialect, MessageName } from './dialect.ts'
import { Line, type LineOptions, type Socket } from './line.ts'
import { Steps } from './steps.ts'

const RETRY_DELAY_MS = 100
/** Every second message is edited once more, every third is deleted. */
const [EDITED_AGAIN, DELETED] = [2, 3]

/** What an editor writes. */
export type EditorOptions = Omit<LineOptions, 'face' | 'greet'> & {
  readonly chatID: number
  /** That of ChatCLI by default. */
  readonly dialect?: Dialect
  /** Time between two messages, if their changes take no longer. */
  readonly intervalMs: number
}

/** An editor with the posts that it made; its changes are in the journal. */
export class RecordedEditor {
  readonly posts: PostRecord[] = []
  readonly #options: EditorOptions
  readonly #dialect: Dialect
  readonly #line: Line
  readonly #steps: Steps
  /** The number of the socket that has joined the chat. */
  #joined: number | undefined
  #epoch: string | null = null
  /** How often it was told to start over. */
  #histories = 0

  constructor (options: EditorOptions) {
    this.#options = options
    const dialect = this.#dialect = options.dialect ?? CHATCLI_DIALECT
    this.#line = new Line({ ...options, face: dialect.face, greet: () => dialect.greeting(this.#epoch) })
    this.#steps = new Steps(
      options.intervalMs, () => this.#write(this.posts.length), () => this.#line.hangUp()
    )
  }

  get chatID (): number {
    return this.#options.chatID
  }

  /** Makes nothing new for now, and waits until the message that it is at has all its changes. */
  async pause (): Promise<void> {
    await this.#steps.pause()
  }

  /** Makes posts again. */
  resume (): void {
    this.#steps.resume()
  }

  /**
   * Makes nothing new, and waits until the message that it is at has all its changes. @returns whether it had before
   * the deadline
   */
  async finish (deadlineMs: number): Promise<boolean> {
    return this.#steps.finish(deadlineMs)
  }

  async #write (number: number): Promise<void> {
    const { name, chatID, journal } = this.#options
    const text = `${name} ${String(number)}`
    const post: PostRecord = { chatID, author: name, text, sentAt: Date.now(), sockets: [] }
    this.posts.push(post)
    journal.posts.push(post)
    const answer = await this.#send(this.#dialect.post(chatID, text, text), post.sockets)
    if (answer === undefined) return
    const messageID = 'messageID' in answer ? integerAt(answer, 'messageID') : undefined
    const seq = integerAt(answer, 'seq')
    post.ack = { at: Date.now(), seq, messageID }
    const message = { chatID, seq, messageID }
    const first = await this.#change(post, message, `${text}, edited`)
    if (first.ack === undefined) return
    const isLate = this.#dialect.hasLateEdits && first.sockets.length > 1
    // A first try that was given up would undo another edit when it is stored late.
    if (number % EDITED_AGAIN === 0 && !isLate) await this.#change(post, message, `${text}, edited again`)
    if (number % DELETED === 0) await this.#change(post, message, undefined)
  }

  async #change (post: PostRecord, message: MessageName, text: string | undefined): Promise<ChangeRecord> {
    const change: ChangeRecord = { post, seq: message.seq, text, sentAt: Date.now(), sockets: [] }
    if (this.#line.isHungUp) return change
    this.#options.journal.changes.push(change)
    const key = text ?? `${post.text}, deleted`
    const answer = await this.#send(this.#dialect.change(message, text, key), change.sockets)
    if (answer !== undefined) {
      const seq = 'seq' in answer && answer['seq'] !== null ? integerAt(answer, 'seq') : undefined
      change.ack = { at: Date.now(), seq }
    }
    return change
  }

  /** Sends something until it is acknowledged. @returns undefined when it was given up */
  async #send (action: object, sockets: number[]): Promise<Frame | undefined> {
    const { name, journal } = this.#options
    const history = this.#histories
    for (let socket = await this.#line.socket(); socket !== undefined; socket = await this.#line.socket()) {
      try {
        if (this.#joined !== socket.number && !(await this.#join(socket))) continue
        // Ids mean other messages now.
        if (this.#histories !== history) return undefined
        sockets.push(socket.number)
        const answer = await socket.client.request(action)
        if (answer['type'] === 'ack') return answer
        if (!journal.noteError(name, answer)) return undefined
        await delay(RETRY_DELAY_MS)
      } catch (error) {
        if (!(error instanceof SocketGoneError)) journal.failures.push(`${name} got no answer: ${String(error)}`)
      }
    }
    return undefined
  }

  /** Joins the chat to learn whether what it knows is void. @returns whether it knows now */
  async #join ({ client, number }: Socket): Promise<boolean> {
    const { name, chatID, journal } = this.#options
    const followed = await this.#dialect.follow(client, { chatID, after: undefined, epoch: this.#epoch })
    if (followed.kind === 'refused') {
      journal.noteError(name, followed.answer)
      await delay(RETRY_DELAY_MS)
      return false
    }
    if (followed.kind === 'void') this.#histories++
    this.#epoch = followed.epoch ?? this.#epoch
    this.#joined = number
    return true
  }
}
