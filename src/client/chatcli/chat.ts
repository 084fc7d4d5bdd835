/** One followed chat: every message once and in order, through lost connections and restarted servers. */
import { reasonOf } from '../abort.ts'
import { Backoff, type BackoffBounds } from '../backoff.ts'
import { Emitter } from '../emitter.ts'
import { ConfabError } from './errors.ts'
import { integerOf, textOf } from '../json.ts'
import type { DeletedMessage, Message } from './message.ts'
import type { Acknowledgement, Outbox, PostOptions } from './outbox.ts'
import type { Realtime } from './realtime.ts'

/** Events of a chat. */
export type ChatEvents = {
  message: Message
  /** A message has another text; only with the option `followAll`. */
  edited: Message
  /** A message was deleted; only with the option `followAll`. */
  deleted: DeletedMessage
  /** Joined, or joined again: everything up to `seq` has been emitted. */
  joined: { seq: number }
  /**
   * The data of the server went back to an earlier state, so the client's copy of the chat is void: load its history
   * again.
   */
  reset: { seq: number }
  /** The server does not let the user follow the chat, or no longer. */
  refused: ConfabError
}

/** Dependencies of a chat. */
export type ChatOptions = {
  chatID: number
  /** The seq up to which everything is known; without it messages are emitted from now on. */
  after: number | undefined
  realtime: Realtime
  outbox: Outbox
  backoff: BackoffBounds
  /** Whether messages arrive before the chat is joined, too. */
  isFollowed: boolean
  /** Called with each message, after the listeners of the chat. */
  onMessage: (message: Message) => void
  /** Called when the chat is no longer followed, unless its login ended it. */
  onClose: () => void
  /** Receives the error of a listener. */
  reportFailure: (error: unknown) => void
}

/** A followed chat. */
export class Chat extends Emitter<ChatEvents> {
  readonly chatID: number
  readonly #options: ChatOptions
  readonly #backoff: Backoff
  #lastSeq: number | undefined
  /**
   * Messages that arrived before the starting position was known: a live message may overtake the answer to the join.
   */
  #early: Message[] = []
  /** Changes of messages that arrived before. */
  #earlyChanges: (() => void)[] = []
  #epoch: string | null = null
  #isJoined = false
  #isJoining = false
  /** Whether the next join is to another state of the server's data. */
  #isReset = false
  /** Why it is no longer followed. */
  #end: ConfabError | undefined
  readonly #waiters = new Set<(error?: Error) => void>()
  #retryTimer: ReturnType<typeof setTimeout> | undefined
  readonly #offState: () => void

  constructor (options: ChatOptions) {
    super()
    this.chatID = options.chatID
    this.#options = options
    this.#lastSeq = options.after
    this.#backoff = new Backoff(options.backoff)
    this.#offState = options.realtime.on('state', (state) => {
      this.#isJoined = false
      if (state === 'online') void this.#join()
    })
    void this.#join()
  }

  /** The seq up to which everything has been emitted; undefined before the first join. */
  get lastSeq (): number | undefined {
    return this.#lastSeq
  }

  /**
   * Resolves when the chat is joined. @throws {ConfabError} the reason why it cannot be joined, `closed` or
   * `logged_out`; or the signal's reason
   */
  ready ({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    if (this.#end !== undefined) return Promise.reject(this.#end)
    if (this.#isJoined) return Promise.resolve()
    if (signal?.aborted === true) return Promise.reject(reasonOf(signal))
    return new Promise((resolve, reject) => {
      const abort = () => settle(reasonOf(signal))
      const settle = (error?: Error) => {
        this.#waiters.delete(settle)
        signal?.removeEventListener('abort', abort)
        if (error === undefined) resolve()
        else reject(error)
      }
      this.#waiters.add(settle)
      signal?.addEventListener('abort', abort, { once: true })
    })
  }

  /** Posts to the chat; see {@link Outbox.post}. */
  post (text: string, options: PostOptions = {}): Promise<Acknowledgement> {
    return this.#options.outbox.post(text, options)
  }

  /** Stops following it. */
  close (): void {
    this.#leave(new ConfabError('closed', 'The chat was closed.'))
  }

  /** Ends with the login, without notifying the server. */
  end (error: ConfabError): void {
    if (this.#end !== undefined) return
    this.#end = error
    clearTimeout(this.#retryTimer)
    this.#offState()
    this.#settle(error)
  }

  /** Receives a message of this chat. */
  take (message: Message): void {
    if (this.#end !== undefined) return
    // A message that is followed without the join may overtake those that the join sends again.
    if (this.#lastSeq === undefined || (this.#options.isFollowed && !this.#isJoined)) this.#early.push(message)
    else this.#deliver(message, this.#lastSeq)
  }

  /** Receives the new text of a message of this chat. */
  edit (message: Message): void {
    this.#change(() => this.emit('edited', message))
  }

  /** Notes that a message of this chat was deleted. */
  remove (message: DeletedMessage): void {
    this.#change(() => this.emit('deleted', message))
  }

  #change (change: () => void): void {
    if (this.#end !== undefined) return
    if (this.#isJoined) change()
    else this.#earlyChanges.push(change)
  }

  #deliver (message: Message, lastSeq: number): void {
    if (message.seq <= lastSeq) return
    // A gap is an event that is not shown: on one socket the server sends every message, in order.
    this.#lastSeq = message.seq
    this.emit('message', message)
    this.#options.onMessage(message)
  }

  protected override reportFailure (_name: keyof ChatEvents, error: unknown): void {
    this.#options.reportFailure(error)
  }

  get #mayJoin (): boolean {
    return !this.#isJoined && this.#end === undefined && this.#options.realtime.state === 'online'
  }

  async #join (): Promise<void> {
    const { realtime } = this.#options
    if (this.#isJoining || !this.#mayJoin) return
    this.#isJoining = true
    clearTimeout(this.#retryTimer)
    this.#early = []
    this.#earlyChanges = []
    try {
      const after = this.#lastSeq
      const answer = await realtime.request({
        type: 'join_chat',
        chatID: this.chatID,
        epoch: this.#epoch,
        ...(after !== undefined && { after })
      })
      this.#noteJoined(answer)
    } catch (error) {
      this.#noteFailure(
        error instanceof ConfabError
          ? error
          : new ConfabError('refused', 'The chat cannot be followed.', { cause: error })
      )
    }
    this.#isJoining = false
    this.#joinLater()
  }

  /** After a failure, unless a close or a lost connection has made it unnecessary. */
  #joinLater (): void {
    if (this.#mayJoin) this.#retryTimer = setTimeout(() => void this.#join(), this.#backoff.next())
  }

  #noteJoined (answer: unknown): void {
    if (this.#end !== undefined) return
    const seq = integerOf(answer, 'seq') ?? 0
    const isReset = this.#isReset
    this.#epoch = textOf(answer, 'epoch') ?? null
    this.#lastSeq ??= seq
    this.#isJoined = true
    this.#isReset = false
    this.#backoff.reset()
    this.#settle()
    this.emit('joined', { seq })
    if (isReset) this.emit('reset', { seq })
    for (const message of this.#early.splice(0).sort((one, other) => one.seq - other.seq))
      this.#deliver(message, this.#lastSeq)
    for (const change of this.#earlyChanges.splice(0)) change()
  }

  #noteFailure (error: ConfabError): void {
    if (error.code === 'epoch_changed' || error.code === 'position_unknown') {
      this.#epoch = error.epoch ?? null
      this.#lastSeq = undefined
      this.#isReset = true
    } else if (!error.isRetryable && error.code !== 'logged_out' && error.code !== 'closed') {
      this.#leave(error)
      this.emit('refused', error)
    }
  }

  #leave (error: ConfabError): void {
    if (this.#end !== undefined) return
    this.end(error)
    this.#options.onClose()
    this.#options.realtime.request({ type: 'leave_chat', chatID: this.chatID }).catch(() => undefined)
  }

  #settle (error?: Error): void {
    for (const settle of [...this.#waiters]) settle(error)
  }
}
