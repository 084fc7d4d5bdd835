/** A client of `/v1/realtime` that follows a chat: after each socket it goes on where it was, and takes every event. */
import { setTimeout as delay } from 'node:timers/promises'
import { type ChatClient, SocketGoneError, V1_FACE } from '../../support/clients/chat-client.ts'
import type { Frame } from '../../support/clients/socket.ts'
import { at, integerAt, isRecord, textAt } from '../../support/data/json.ts'
import type { FollowerRecord, MessageState } from '../checking/group.ts'
import { Line, type LineOptions } from './line.ts'

const RETRY_DELAY_MS = 100
const LOOK_INTERVAL_MS = 25
const RETRYABLE: ReadonlySet<unknown> = new Set(['unavailable', 'overloaded', 'draining'])
/** What a guest is answered who is out. */
const OUT: ReadonlySet<unknown> = new Set(['not_a_participant', 'unknown_chat'])

/** What a follower follows. */
export type FollowerOptions = LineOptions & {
  /** The id of the chat in `/v1`. */
  readonly chat: string
  readonly start?: number
  /** It comes and goes: what happens meanwhile it gets without content, and it may be refused. */
  readonly isGuest?: true
}

/** A follower with what it got. */
export class RecordedFollower {
  readonly record: FollowerRecord
  readonly #options: FollowerOptions
  readonly #line: Line
  readonly #ended: Promise<void>

  constructor (options: FollowerOptions) {
    const { name, start = 0 } = options
    this.#options = options
    this.#line = new Line({ ...options, face: V1_FACE })
    this.record = { name, start, seqs: [], contents: [], messages: new Map() }
    this.#ended = this.#run()
  }

  /** The seq up to which it has everything. */
  get position (): number {
    return this.record.seqs.at(-1) ?? this.record.start
  }

  /** Waits until it has everything up to a seq, but no longer than that. */
  async reached (seq: number, deadlineMs: number): Promise<void> {
    const end = Date.now() + deadlineMs
    while (this.position < seq && Date.now() < end) await delay(LOOK_INTERVAL_MS)
  }

  /** Follows no more. */
  async end (): Promise<void> {
    this.#line.hangUp()
    await this.#ended
  }

  async #run (): Promise<void> {
    for (let socket = await this.#line.socket(); socket !== undefined; socket = await this.#line.socket()) {
      const { client } = socket
      try {
        while (client.isOpen) await this.#follow(client)
      } catch (error) {
        if (error instanceof SocketGoneError) continue
        this.#fail(`got no answer: ${String(error)}`)
        client.drop()
      }
    }
  }

  /** Follows the chat until it is told that it does no longer, or the socket is gone. */
  async #follow (client: ChatClient): Promise<void> {
    let leave: () => void = () => undefined
    const left = new Promise<void>((resolve) => {
      leave = resolve
    })
    if (await this.#subscribe(client, leave)) await Promise.race([client.closed, left])
    else await delay(RETRY_DELAY_MS)
  }

  async #subscribe (client: ChatClient, leave: () => void): Promise<boolean> {
    let isRefused = false
    client.onFrame = (frame) => {
      if (frame['type'] === 'event') this.#take(frame)
      else if (frame['type'] === 'reset') leave()
      else if (frame['type'] === 'problem') isRefused = this.#refuse(frame)
    }
    const { chat } = this.#options
    const answer = await client.request({ type: 'subscribe', chats: [{ chat, after: this.position }] })
    if (answer['type'] === 'problem') return !this.#refuse(answer)
    return !isRefused
  }

  #refuse (frame: Frame): boolean {
    const isOut = this.#options.isGuest === true && OUT.has(frame['code'])
    if (!isOut && !RETRYABLE.has(frame['code'])) this.#fail(`was answered ${JSON.stringify(frame).slice(0, 300)}`)
    return true
  }

  #fail (message: string): void {
    this.#options.journal.failures.push(`${this.record.name} ${message}`)
  }

  #take (frame: Frame): void {
    const event = at(frame, 'event')
    const { seqs, contents, messages } = this.record
    seqs.push(integerAt(event, 'seq'))
    if (at(event, 'data') !== null) contents.push(integerAt(event, 'seq'))
    const message = at(event, 'data', 'message')
    if (!isRecord(message)) return
    const seq = integerAt(message, 'seq')
    const known = messages.get(seq)
    const kind = textAt(event, 'type')
    if (kind.startsWith('reaction.')) {
      if (known !== undefined) messages.set(seq, { ...known, reactions: countsOf(message) })
    } else if (kind !== 'message.pinned' && kind !== 'message.unpinned') messages.set(seq, stateOf(message))
  }
}

function stateOf (message: Readonly<Record<string, unknown>>): MessageState {
  const isDeleted = message['deleted_at'] !== null
  return {
    text: isDeleted ? '' : textAt(message, 'text'),
    version: integerAt(message, 'version'),
    isDeleted,
    reactions: isDeleted ? {} : countsOf(message)
  }
}

function countsOf (message: Readonly<Record<string, unknown>>): Record<string, number> {
  const reactions = message['reactions']
  return isRecord(reactions)
    ? Object.fromEntries(Object.entries(reactions).map(([emoji, one]) => [emoji, integerAt(one, 'count')]))
    : {}
}
