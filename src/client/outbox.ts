/**
 * Messages on their way: kept until the server has stored them, sent one after another in each chat, and always with
 * the same `client_id`, so that the server stores each of them once however often it is sent.
 */
import { abortable, reasonOf } from './abort.ts'
import { Backoff, type BackoffBounds } from './backoff.ts'
import type { Ack, Connection } from './connection.ts'
import type { CallOptions } from './http.ts'
import { ConfabProblem, problemOf } from './problem.ts'
import type { MessageContent, Outgoing } from './state/pending.ts'
import type { Storage } from './storage.ts'
import { withFields } from './types.ts'

/** What a message may have besides its text. */
export type SendOptions = MessageContent & CallOptions & {
  /** The id of the message, by default a new one. A message that is sent again with it is stored once. */
  client_id?: string
}

/** A message is stored. */
export type Sent = {
  readonly seq: number
  readonly client_id: string
}

/** Dependencies. */
export type OutboxOptions = {
  connection: Connection
  storage: Storage
  backoff: BackoffBounds
  /** Called when the messages of a chat have changed. */
  onChange: (chat: string) => void
  /** Called when a message is stored, before it leaves the outbox. */
  onSent: (message: Outgoing, seq: number) => void
  reportFailure: (error: unknown) => void
}

type Waiter = { resolve: (sent: Sent) => void, reject: (error: Error) => void }
/** Numbers in keys sort like texts. */
const KEY_DIGITS = 15

type Stored = Pick<Outgoing, 'chat' | 'client_id' | 'text' | 'content' | 'created_at'>
const isStored = withFields<Stored>('chat', 'client_id', 'text', 'content', 'created_at')
const UNSENT = { status: 'sending', problem: null, seq: null } as const
const ID_BYTES = 16
const BYTE_VALUES = 256

/** Makes an id for a message. */
export function newClientId (): string {
  // Pages without TLS have no `randomUUID`, and React Native has nothing.
  const bytes = typeof crypto === 'object'
    ? crypto.getRandomValues(new Uint8Array(ID_BYTES))
    : Array.from({ length: ID_BYTES }, () => Math.floor(Math.random() * BYTE_VALUES))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The outbox of a user. */
export class Outbox {
  readonly #options: OutboxOptions
  readonly #queues = new Map<string, readonly Outgoing[]>()
  readonly #waiters = new Map<string, Waiter>()
  readonly #keys = new Map<string, string>()
  readonly #busy = new Set<string>()
  readonly #inFlight = new Set<string>()
  #user: string | undefined
  /** Two messages of one millisecond have an order, too. */
  #lastMs = 0

  constructor (options: OutboxOptions) {
    this.#options = options
    options.connection.on('state', (state) => {
      if (state === 'online') for (const chat of this.#queues.keys()) void this.#drain(chat)
    })
  }

  /** Number of messages that are not stored, failed ones not counted. */
  get size (): number {
    return [...this.#queues.values()].flat().filter(({ status }) => status === 'sending').length
  }

  /** The messages of a chat that are not stored, oldest first. */
  of (chat: string): readonly Outgoing[] {
    return this.#queues.get(chat) ?? []
  }

  /** Takes up what the user had left, and forgets that of another user. */
  async open (user: string): Promise<void> {
    if (this.#user === user) return
    const isOther = this.#user !== undefined
    this.#user = user
    if (isOther) this.#clear()
    for (const [chat, queue] of this.#queues) for (const one of queue) if (one.chat === chat) this.#keep(one)
    try {
      const stored = (await this.#options.storage.list(this.#prefix)).filter(isStored)
      if (this.#user === user) this.#takeUp(stored)
    } catch (error) {
      this.#options.reportFailure(error)
    }
  }

  /**
   * Sends a message as soon as there is a connection.
   * @throws {ConfabProblem} the server's refusal; or the signal's reason: what was sent already may be stored all the
   * same
   */
  send (
    chat: string, text: string, { signal, client_id = newClientId(), ...content }: SendOptions = {}
  ): Promise<Sent> {
    if (signal?.aborted === true) return Promise.reject(reasonOf(signal))
    this.#lastMs = Math.max(Date.now(), this.#lastMs + 1)
    const created_at = new Date(this.#lastMs).toISOString()
    const message: Outgoing = { chat, client_id, text, content, created_at, ...UNSENT }
    const sent = new Promise<Sent>((resolve, reject) => {
      this.#waiters.set(client_id, { resolve, reject })
    })
    // The message shows that it failed: nobody has to wait for it.
    sent.catch(() => undefined)
    signal?.addEventListener('abort', () => {
      if (!this.#inFlight.has(client_id)) this.discard(chat, client_id)
    }, { once: true })
    this.#keep(message)
    this.#replace(chat, [...this.of(chat), message])
    void this.#drain(chat)
    const result = abortable(sent, signal)
    result.catch(() => undefined)
    return result
  }

  /** Sends a message that has failed once more. */
  retry (chat: string, clientId: string): void {
    const message = this.#find(chat, clientId)
    if (message?.status !== 'failed') return
    this.#put({ ...message, status: 'sending', problem: null })
    void this.#drain(chat)
  }

  /** Drops a message that is not stored. */
  discard (chat: string, clientId: string): void {
    const message = this.#find(chat, clientId)
    if (message === undefined) return
    this.#remove(message)
    this.#settle(clientId)?.reject(new ConfabProblem('discarded', 'It was discarded.'))
  }

  /** Drops all messages that are not stored. */
  discardAll (): void {
    for (const { chat, client_id } of [...this.#queues.values()].flat()) this.discard(chat, client_id)
  }

  /** They were sent before those of now. */
  #takeUp (stored: readonly Stored[]): void {
    const unknown = stored.filter(({ chat, client_id }) => this.#find(chat, client_id) === undefined)
    for (const one of unknown) this.#keys.set(one.client_id, this.#keyOf(one))
    for (const chat of new Set(unknown.map((one) => one.chat))) {
      const older = unknown.filter((one) => one.chat === chat).map((one) => ({ ...one, ...UNSENT }))
      this.#replace(chat, [...older, ...this.of(chat)])
      void this.#drain(chat)
    }
  }

  async #drain (chat: string): Promise<void> {
    if (this.#busy.has(chat)) return
    this.#busy.add(chat)
    const backoff = new Backoff(this.#options.backoff)
    const next = () => this.of(chat).find(({ status }) => status === 'sending')
    for (let message = next(); message !== undefined; message = next()) {
      if (!this.#isOnline) break
      const { client_id } = message
      try {
        this.#inFlight.add(client_id)
        this.#accept(message, await this.#post(message))
        backoff.reset()
      } catch (error) {
        const problem = problemOf(error)
        if (!problem.retryable) this.#fail(message, problem)
        else await this.#options.connection.pauses.wait(problem.retryAfterMs ?? backoff.next())
      } finally {
        this.#inFlight.delete(client_id)
      }
    }
    this.#busy.delete(chat)
  }

  #post ({ chat, client_id, text, content }: Outgoing): Promise<Ack> {
    return this.#options.connection.request({ type: 'send', chat, client_id, text, ...content })
  }

  #accept (message: Outgoing, { seq }: Ack): void {
    const { client_id } = message
    if (typeof seq === 'number') this.#options.onSent(message, seq)
    this.#remove(message)
    this.#settle(client_id)?.resolve({ seq: seq ?? 0, client_id })
  }

  #fail (message: Outgoing, problem: ConfabProblem): void {
    if (this.#find(message.chat, message.client_id) === undefined) return
    this.#put({ ...message, status: 'failed', problem })
    this.#settle(message.client_id)?.reject(problem)
  }

  #settle (clientId: string): Waiter | undefined {
    const waiter = this.#waiters.get(clientId)
    this.#waiters.delete(clientId)
    return waiter
  }

  #find (chat: string, clientId: string): Outgoing | undefined {
    return this.of(chat).find(({ client_id }) => client_id === clientId)
  }

  #put (message: Outgoing): void {
    this.#replace(
      message.chat, this.of(message.chat).map((one) => (one.client_id === message.client_id ? message : one))
    )
  }

  #remove ({ chat, client_id }: Outgoing): void {
    this.#replace(chat, this.of(chat).filter((one) => one.client_id !== client_id))
    const key = this.#keys.get(client_id)
    this.#keys.delete(client_id)
    if (key !== undefined) this.#options.storage.remove(key).catch(this.#options.reportFailure)
  }

  #replace (chat: string, queue: readonly Outgoing[]): void {
    if (queue.length === 0) this.#queues.delete(chat)
    else this.#queues.set(chat, queue)
    this.#options.onChange(chat)
  }

  /** Before the user is known nothing can be kept. */
  #keep (message: Outgoing): void {
    if (this.#user === undefined) return
    const { chat, client_id, text, content, created_at } = message
    const key = this.#keyOf(message)
    this.#keys.set(client_id, key)
    this.#options.storage.put(key, { chat, client_id, text, content, created_at }).catch(this.#options.reportFailure)
  }

  #keyOf ({ created_at, client_id }: Pick<Outgoing, 'created_at' | 'client_id'>): string {
    return `${this.#prefix}${String(Date.parse(created_at)).padStart(KEY_DIGITS, '0')}/${client_id}`
  }

  get #isOnline (): boolean {
    return this.#options.connection.state === 'online'
  }

  get #prefix (): string {
    return `outbox/${String(this.#user)}/`
  }

  /** What belongs to another user stays in the storage, and its promises are left. */
  #clear (): void {
    const problem = new ConfabProblem('closed', 'Another user has logged in.')
    for (const chat of [...this.#queues.keys()]) this.#replace(chat, [])
    for (const clientId of [...this.#waiters.keys()]) this.#settle(clientId)?.reject(problem)
    this.#keys.clear()
  }
}
