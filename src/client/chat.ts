/** One chat as it happens: every message once and in order, through lost connections and restarted servers. */
import { Backoff, type BackoffBounds } from './backoff.ts'
import { Emitter } from './emitter.ts'
import { ConfabError } from './errors.ts'
import { integerOf, textOf } from './http.ts'
import type { Message } from './message.ts'
import type { Acknowledgement, Outbox, PostOptions } from './outbox.ts'
import type { Realtime } from './realtime.ts'

/** What a chat tells of. */
export type ChatEvents = {
  message: Message
  /** Joined, or joined again: everything up to `seq` was told. */
  joined: { seq: number }
  /** What is known of the chat is void, as the server's data went back to an earlier state: load its history again. */
  reset: { seq: number }
  /** The server does not let the user follow the chat (any more). */
  refused: ConfabError
}

/** What a chat needs from around it. */
export type ChatOptions = {
  chatID: number
  /** The seq up to which everything is known; without it messages are told from now on. */
  after: number | undefined
  realtime: Realtime
  outbox: Outbox
  backoff: BackoffBounds
  /** Called when the chat is followed no longer. */
  onClose: () => void
}

/** A chat that is followed. */
export class Chat extends Emitter<ChatEvents> {
  readonly chatID: number
  readonly #options: ChatOptions
  readonly #backoff: Backoff
  #lastSeq: number | undefined
  /** What came before it was known where the chat begins for us: a live message may overtake the answer to the join. */
  #early: Message[] = []
  #epoch: string | null = null
  #isJoined = false
  #isJoining = false
  #isClosed = false
  #refusal: ConfabError | undefined
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

  /** The seq up to which everything was told; undefined before the first join. */
  get lastSeq (): number | undefined {
    return this.#lastSeq
  }

  /** Resolves when the chat is joined. @throws {ConfabError} why it cannot be; or the signal's reason */
  async ready ({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    if (this.#refusal !== undefined) throw this.#refusal
    if (this.#isJoined) return
    const done = new AbortController()
    const either = signal === undefined ? done.signal : AbortSignal.any([signal, done.signal])
    const refused = this.once('refused', { signal: either }).then((error) => {
      throw error
    })
    try {
      await Promise.race([this.once('joined', { signal: either }), refused])
    } finally {
      refused.catch(() => undefined)
      done.abort()
    }
  }

  /** Posts to the chat; see {@link Outbox.post}. */
  post (text: string, options: PostOptions = {}): Promise<Acknowledgement> {
    return this.#options.outbox.post(text, options)
  }

  /** Follows it no longer. */
  close (): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#retryTimer)
    this.#offState()
    this.#options.onClose()
    this.#options.realtime.request({ type: 'leave_chat', chatID: this.chatID }).catch(() => undefined)
  }

  /** Takes a message of this chat. */
  take (message: Message): void {
    if (this.#isClosed) return
    if (this.#lastSeq === undefined) {
      this.#early.push(message)
      return
    }
    if (message.seq <= this.#lastSeq) return
    // The server leaves no hole. Should one appear all the same, what is missing is asked for and nothing is told
    // before.
    if (message.seq > this.#lastSeq + 1) {
      this.#isJoined = false
      void this.#join()
      return
    }
    this.#lastSeq = message.seq
    this.emit('message', message)
  }

  get #mayJoin (): boolean {
    return !this.#isJoined && !this.#isClosed && this.#options.realtime.state === 'online'
  }

  async #join (): Promise<void> {
    const { realtime } = this.#options
    if (this.#isJoining || !this.#mayJoin) return
    this.#isJoining = true
    clearTimeout(this.#retryTimer)
    this.#early = []
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

  /** After a failure, or a close or a lost connection meanwhile, which make it unnecessary. */
  #joinLater (): void {
    if (this.#mayJoin) this.#retryTimer = setTimeout(() => void this.#join(), this.#backoff.next())
  }

  #noteJoined (answer: unknown): void {
    const seq = integerOf(answer, 'seq') ?? 0
    this.#epoch = textOf(answer, 'epoch') ?? null
    this.#lastSeq ??= seq
    this.#isJoined = true
    this.#backoff.reset()
    this.emit('joined', { seq })
    for (const message of this.#early.splice(0)) this.take(message)
  }

  #noteFailure (error: ConfabError): void {
    if (error.code === 'epoch_changed' || error.code === 'position_unknown') {
      this.#epoch = error.epoch ?? null
      this.#lastSeq = undefined
      const off = this.on('joined', ({ seq }) => {
        off()
        this.emit('reset', { seq })
      })
    } else if (!error.isRetryable && error.code !== 'logged_out' && error.code !== 'closed') {
      this.#refusal = error
      this.close()
      this.emit('refused', error)
    }
  }
}
