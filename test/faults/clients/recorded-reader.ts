/** A client that follows a chat through all its sockets and writes down what it gets. */
import { setTimeout as delay } from 'node:timers/promises'
import type { ChatClient } from '../../support/clients/chat-client.ts'
import { SocketGoneError } from '../../support/clients/chat-client.ts'
import type { Frame } from '../../support/clients/socket.ts'
import type { ReaderRecord } from '../checking/history.ts'
import { CHATCLI_DIALECT } from './chatcli-dialect.ts'
import type { Dialect } from './dialect.ts'
import { Line, type LineOptions } from './line.ts'

const RETRY_DELAY_MS = 100
const LOOK_INTERVAL_MS = 20
/** What who is no member is answered. */
const OUT: ReadonlySet<unknown> = new Set(['not_a_participant', 'unknown_chat'])

/** What a reader reads. */
export type ReaderOptions = Omit<LineOptions, 'face' | 'greet'> & {
  readonly chatID: number
  /** That of ChatCLI by default. */
  readonly dialect?: Dialect
  /** The seq behind which it begins. */
  readonly start?: number
  /** How long it stays on a socket, in milliseconds; until the socket ends by default. */
  readonly patience?: () => number
}

/** A reader with what it got. */
export class RecordedReader {
  /** What it got of the history that it knows now. */
  record: ReaderRecord
  /** What it got of earlier histories, when it was told that they are void. */
  readonly voided: ReaderRecord[] = []
  readonly #options: ReaderOptions
  readonly #dialect: Dialect
  readonly #line: Line
  readonly #ended: Promise<void>
  #mayBeRefused = false
  #epoch: string | null = null
  /** The seq up to which it has the chat: with this it resumes. */
  position: number
  /** How often it was acknowledged a join. */
  joins = 0

  constructor (options: ReaderOptions) {
    const { name, chatID, start = 0, journal, dialect = CHATCLI_DIALECT } = options
    this.#options = options
    this.#dialect = dialect
    this.#line = new Line({ ...options, face: dialect.face, greet: () => dialect.greeting(this.#epoch) })
    this.position = start
    this.record = { reader: name, chatID, start, seen: [], showsEvents: dialect.showsEvents }
    journal.readers.push(this.record)
    this.#ended = this.#run()
  }

  get name (): string {
    return this.#options.name
  }

  get chatID (): number {
    return this.#options.chatID
  }

  get token (): string {
    return this.#options.token
  }

  /** From here on the server may say that it is no participant. */
  expectRefusal (): void {
    this.#mayBeRefused = true
  }

  /** Waits until it has everything up to a seq. @returns whether it had before the deadline */
  async reached (seq: number, deadlineMs: number): Promise<boolean> {
    const end = Date.now() + deadlineMs
    while (this.position < seq && Date.now() < end) await delay(LOOK_INTERVAL_MS)
    return this.position >= seq
  }

  /** Reads no more. */
  async end (): Promise<void> {
    this.#line.hangUp()
    await this.#ended
  }

  async #run (): Promise<void> {
    const { patience } = this.#options
    for (let socket = await this.#line.socket(); socket !== undefined; socket = await this.#line.socket()) {
      const { client } = socket
      try {
        const isJoined = this.#join(client)
        isJoined.catch(() => undefined)
        // A restless one may leave in the middle of what it missed.
        const leaving = patience === undefined ? undefined : delay(patience(), 'left')
        if ((await Promise.race([isJoined, ...(leaving === undefined ? [] : [leaving])])) === true)
          await Promise.race([client.closed, ...(leaving === undefined ? [] : [leaving])])
        else if (leaving === undefined) await delay(RETRY_DELAY_MS)
      } catch (error) {
        if (!(error instanceof SocketGoneError))
          this.#options.journal.failures.push(`${this.record.reader} got no answer: ${String(error)}`)
      }
      client.drop()
    }
  }

  async #join (client: ChatClient): Promise<boolean> {
    const { chatID, journal } = this.#options
    client.onFrame = (frame) => this.#take(frame)
    let reached: number | undefined
    const place = { chatID, after: this.position, epoch: this.#epoch }
    const followed = await this.#dialect.follow(client, place, () => {
      reached = this.position
    })
    if (followed.kind === 'void') {
      this.#startOver(followed.epoch)
      return false
    }
    if (followed.kind === 'refused') {
      const isExpected = this.#mayBeRefused && OUT.has(followed.answer['code'])
      if (isExpected || !journal.noteError(this.record.reader, followed.answer)) this.#line.hangUp()
      return false
    }
    this.joins++
    this.#epoch = followed.epoch ?? this.#epoch
    if (followed.seq < Number(reached))
      journal.failures.push(
        `${this.record.reader} was acknowledged seq ${String(followed.seq)} when everything up to ` +
        `${String(reached)} had come`
      )
    return true
  }

  /** What it knew is void: seqs mean other messages now. */
  #startOver (epoch: string): void {
    const { name, chatID, journal } = this.#options
    // Whoever was told need not have come to the end of it.
    this.record.removedAt = this.position
    this.voided.push(this.record)
    const reader = `${name}, history ${String(this.voided.length + 1)}`
    this.record = { reader, chatID, start: 0, seen: [], showsEvents: this.#dialect.showsEvents }
    journal.readers.push(this.record)
    this.position = 0
    this.#epoch = epoch
  }

  #take (frame: Frame): void {
    const { chatID, journal } = this.#options
    const told = this.#dialect.read(frame)
    if (told.kind === 'event' && told.chatID === chatID) {
      this.record.seen.push({ ...told.event, at: Date.now() })
      this.position = Math.max(this.position, told.event.seq)
    } else if (told.kind === 'removed' && this.#mayBeRefused) this.#line.hangUp()
    else if (told.kind !== 'nothing' && (told.kind !== 'error' || !journal.noteError(this.record.reader, frame)))
      journal.failures.push(`${this.record.reader} got ${JSON.stringify(frame).slice(0, 300)}`)
  }
}
