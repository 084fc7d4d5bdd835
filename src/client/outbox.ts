/**
 * Messages on their way: kept until the server has stored them, sent one after another in each chat, and always with
 * the same `client_id`, so that the server stores each of them once however often it is sent.
 */
import { abortable, reasonOf } from './abort.ts'
import { Backoff, type BackoffBounds } from './backoff.ts'
import type { Connection } from './connection.ts'
import { reportUncaught } from './emitter.ts'
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
}

type Entry = {
  message: Outgoing
  isInFlight: boolean
  readonly resolve: (sent: Sent) => void
  readonly reject: (error: Error) => void
}
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
  /** By their chats and ids, oldest first. */
  #entries = new Map<string, Entry>()
  readonly #busy = new Set<string>()
  #user: string | undefined
  /** Two messages of one millisecond have an order, too. */
  #lastMs = 0

  constructor (options: OutboxOptions) {
    this.#options = options
    options.connection.on('state', () => this.#drainAll())
  }

  /** Number of messages that are not stored, failed ones not counted. */
  get size (): number {
    return this.#messages.filter(({ status }) => status === 'sending').length
  }

  /** The messages of a chat that are not stored, oldest first. */
  of (chat: string): readonly Outgoing[] {
    return this.#messages.filter((message) => message.chat === chat)
  }

  /** Takes up what the user had left, here or in another tab, and forgets that of another user. */
  async open (user: string): Promise<void> {
    if (this.#user !== undefined && this.#user !== user) this.#clear()
    this.#user = user
    for (const message of this.#messages) this.#keep(message)
    try {
      const stored = (await this.#options.storage.list(this.#prefix)).filter(isStored)
      if (this.#user === user) this.#takeUp(stored)
    } catch (error) {
      reportUncaught(error)
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
      const entry = { message, isInFlight: false, resolve, reject }
      this.#entries.set(nameOf(message), entry)
      signal?.addEventListener('abort', () => {
        if (!entry.isInFlight) this.discard(chat, client_id)
      }, { once: true })
    })
    this.#keep(message)
    this.#options.onChange(chat)
    void this.#drain(chat)
    const result = abortable(sent, signal)
    // The message shows that it failed: nobody has to wait for it.
    result.catch(() => undefined)
    return result
  }

  /** Sends a message that has failed once more. */
  retry (chat: string, client_id: string): void {
    const entry = this.#entries.get(nameOf({ chat, client_id }))
    if (entry?.message.status !== 'failed') return
    this.#change(entry, { status: 'sending', problem: null })
    void this.#drain(chat)
  }

  /** Drops a message that is not stored. */
  discard (chat: string, client_id: string): void {
    const entry = this.#entries.get(nameOf({ chat, client_id }))
    if (entry === undefined) return
    this.#remove(entry)
    entry.reject(new ConfabProblem('discarded', 'Discarded.'))
  }

  /** Drops all messages that are not stored. */
  discardAll (): void {
    for (const { chat, client_id } of this.#messages) this.discard(chat, client_id)
  }

  get #messages (): Outgoing[] {
    return [...this.#entries.values()].map(({ message }) => message)
  }

  /** They were sent before those of now. */
  #takeUp (stored: readonly Stored[]): void {
    const nothing = { isInFlight: false, resolve: () => undefined, reject: () => undefined }
    const older = stored.map((one): [string, Entry] => [nameOf(one), { message: { ...one, ...UNSENT }, ...nothing }])
    // Those that are known keep the place of the stored ones.
    this.#entries = new Map([...older, ...this.#entries])
    for (const { chat } of this.#messages) this.#options.onChange(chat)
    this.#drainAll()
  }

  #drainAll (): void {
    for (const { chat } of this.#messages) void this.#drain(chat)
  }

  async #drain (chat: string): Promise<void> {
    if (this.#busy.has(chat)) return
    this.#busy.add(chat)
    const { connection, onSent } = this.#options
    const backoff = new Backoff(this.#options.backoff)
    const next = () => [...this.#entries.values()].find(({ message }) =>
      connection.state === 'online' && message.chat === chat && message.status === 'sending')
    for (let entry = next(); entry !== undefined; entry = next()) {
      const { message } = entry
      const { client_id, text, content } = message
      entry.isInFlight = true
      try {
        const { seq } = await connection.request({ type: 'send', chat, client_id, text, ...content })
        if (typeof seq === 'number') onSent(message, seq)
        this.#remove(entry)
        entry.resolve({ seq: seq ?? 0, client_id })
        backoff.reset()
      } catch (error) {
        const problem = problemOf(error)
        if (problem.retryable) await connection.pauses.wait(problem.retryAfterMs ?? backoff.next())
        else {
          this.#change(entry, { status: 'failed', problem })
          entry.reject(problem)
        }
      }
      entry.isInFlight = false
    }
    this.#busy.delete(chat)
  }

  #change (entry: Entry, change: Pick<Outgoing, 'status' | 'problem'>): void {
    entry.message = { ...entry.message, ...change }
    this.#options.onChange(entry.message.chat)
  }

  #remove ({ message }: Entry): void {
    this.#entries.delete(nameOf(message))
    this.#options.onChange(message.chat)
    if (this.#user !== undefined) this.#options.storage.remove(this.#keyOf(message)).catch(reportUncaught)
  }

  /** Before the user is known nothing can be kept. */
  #keep (message: Outgoing): void {
    if (this.#user !== undefined)
      this.#options.storage.put(this.#keyOf(message), { ...message, ...UNSENT }).catch(reportUncaught)
  }

  #keyOf ({ created_at, client_id }: Outgoing): string {
    return `${this.#prefix}${String(Date.parse(created_at)).padStart(KEY_DIGITS, '0')}/${client_id}`
  }

  get #prefix (): string {
    return `outbox/${String(this.#user)}/`
  }

  /** What belongs to another user stays in the storage, and its promises are left. */
  #clear (): void {
    const entries = [...this.#entries.values()]
    this.#entries.clear()
    for (const { message, reject } of entries) {
      this.#options.onChange(message.chat)
      reject(new ConfabProblem('closed', 'Another user has logged in.'))
    }
  }
}

/** Ids of chats have no spaces. */
function nameOf ({ chat, client_id }: Pick<Outgoing, 'chat' | 'client_id'>): string {
  return `${chat} ${client_id}`
}
