/**
 * Unsent posts of one chat: stored while the server is away and sent one after the other, so that their order is kept,
 * each with one `clientMessageID`, so that it is stored once however often it is sent.
 */
import { reasonOf } from '../abort.ts'
import { Backoff, type BackoffBounds } from '../backoff.ts'
import { isBlank } from './blank-text.ts'
import { ConfabError } from './errors.ts'
import type { CallOptions } from './http.ts'
import { fieldOf, integerOf, textOf } from '../json.ts'
import type { Realtime } from './realtime.ts'

const ID_BYTES = 16
/** The server would close the socket for a longer frame; texts are limited to much less. */
const MAX_FRAME_BYTES = 60_000

/** The result of a stored post. */
export type Acknowledgement = { chatID: number, messageID: number, seq: number, timestamp: string, duplicate: boolean }

/** Options of a post. */
export type PostOptions = CallOptions & {
  /** An id chosen by the program, if it stores its posts beyond its own end. */
  clientMessageID?: string | undefined
}

type Pending = {
  text: string
  clientMessageID: string
  resolve: (acknowledgement: Acknowledgement) => void
  reject: (error: Error) => void
  isCancelled: boolean
}

/** The posts of one chat. */
export class Outbox {
  readonly #chatID: number
  readonly #realtime: Realtime
  readonly #backoff: Backoff
  readonly #pending: Pending[] = []
  #isSending = false
  /** Why no more posts are accepted. */
  #end: ConfabError | undefined
  #retryTimer: ReturnType<typeof setTimeout> | undefined

  constructor (chatID: number, realtime: Realtime, backoff: BackoffBounds) {
    this.#chatID = chatID
    this.#realtime = realtime
    this.#backoff = new Backoff(backoff)
    realtime.on('state', (state) => {
      if (state === 'online') void this.#send()
    })
  }

  /** Number of posts without an acknowledgement. */
  get size (): number {
    return this.#pending.length
  }

  /**
   * Adds a post. It waits for the server without a time limit, until the login ends.
   * @throws {ConfabError} a refusal that a retry would not change, `logged_out` or `closed`; or the signal's reason.
   * Except after a refusal the post may be stored all the same
   */
  post (text: string, { clientMessageID = newClientMessageID(), signal }: PostOptions): Promise<Acknowledgement> {
    if (this.#end !== undefined) return Promise.reject(this.#end)
    if (isBlank(text)) return Promise.reject(new ConfabError('invalid_text', 'The text has only blank characters.'))
    if (new TextEncoder().encode(JSON.stringify(text)).length > MAX_FRAME_BYTES)
      return Promise.reject(new ConfabError('invalid_text', 'The text is too long.'))
    return new Promise((resolve, reject) => {
      const cancel = () => {
        pending.isCancelled = true
        reject(reasonOf(signal))
      }
      const forget = () => signal?.removeEventListener('abort', cancel)
      const pending: Pending = {
        text,
        clientMessageID,
        isCancelled: false,
        resolve: (acknowledgement) => {
          forget()
          resolve(acknowledgement)
        },
        reject: (error) => {
          forget()
          reject(error)
        }
      }
      if (signal?.aborted === true) {
        cancel()
        return
      }
      signal?.addEventListener('abort', cancel, { once: true })
      this.#pending.push(pending)
      void this.#send()
    })
  }

  /** Fails posts without an acknowledgement, and accepts no more. */
  close (error: ConfabError): void {
    this.#end = error
    clearTimeout(this.#retryTimer)
    for (const pending of this.#pending.splice(0)) pending.reject(error)
  }

  async #send (): Promise<void> {
    if (this.#isSending) return
    this.#isSending = true
    clearTimeout(this.#retryTimer)
    for (
      let pending = this.#next();
      pending !== undefined && this.#realtime.state === 'online';
      pending = this.#next()
    ) {
      if (!(await this.#attempt(pending))) break
    }
    this.#isSending = false
  }

  #next (): Pending | undefined {
    while (this.#pending[0]?.isCancelled === true) this.#pending.shift()
    return this.#pending[0]
  }

  /** @returns whether the next one may be sent now */
  async #attempt (pending: Pending): Promise<boolean> {
    const { text, clientMessageID } = pending
    try {
      const answer = await this.#realtime.request({ type: 'post_msg', chatID: this.#chatID, text, clientMessageID })
      this.#settle(pending)
      pending.resolve(acknowledgementOf(this.#chatID, answer))
    } catch (error) {
      if (
        error instanceof ConfabError &&
        (error.isRetryable || error.code === 'logged_out' || error.code === 'closed')
      ) {
        // Without a connection, the next one triggers a retry.
        if (this.#realtime.state === 'online')
          this.#retryTimer = setTimeout(() => void this.#send(), this.#backoff.next())
        return false
      }
      this.#settle(pending)
      pending.reject(error instanceof Error ? error : new Error(String(error)))
    }
    return true
  }

  #settle (pending: Pending): void {
    this.#backoff.reset()
    const index = this.#pending.indexOf(pending)
    if (index >= 0) this.#pending.splice(index, 1)
  }
}

function acknowledgementOf (chatID: number, answer: unknown): Acknowledgement {
  return {
    chatID,
    messageID: integerOf(answer, 'messageID') ?? 0,
    seq: integerOf(answer, 'seq') ?? 0,
    timestamp: textOf(answer, 'timestamp') ?? '',
    duplicate: fieldOf(answer, 'duplicate') === true
  }
}

/** Creates a unique `clientMessageID`, for a program that stores its posts. */
export function newClientMessageID (): string {
  // `crypto.randomUUID` is missing on pages that were loaded without TLS.
  return Array.from(crypto.getRandomValues(new Uint8Array(ID_BYTES)), (byte) =>
    byte.toString(16).padStart(2, '0')
  ).join('')
}
