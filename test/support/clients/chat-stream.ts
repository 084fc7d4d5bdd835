/** What one subscriber gets of one chat, checked as it comes. */
import type { Test } from 'tap'
import { ChatClient } from './chat-client.ts'
import { within } from '../deadline.ts'
import { integerAt, textAt } from '../data/json.ts'
import type { Frame } from './socket.ts'

const DEADLINE_MS = 60_000
const MAX_COMPLAINTS = 5

/** A message, as far as these tests look at it. */
export type SeenMessage = { seq: number, messageID: number, text: string }

/** A subscriber's view of a chat: every message behind its start once, in order, or a complaint. */
export class ChatStream {
  readonly chatID: number
  readonly messages: SeenMessage[] = []
  /** The seqs that did not come, although later ones did: only where other events than messages are expected. */
  readonly skipped: number[] = []
  readonly hasOtherEvents: boolean
  /** What was wrong, if anything was: at most the first few. */
  readonly complaints: string[] = []
  /** The seq up to which everything has come. */
  position: number
  #watchers: { seq: number, resolve: () => void }[] = []

  /**
   * @param position the seq before the first that must come
   * @param hasOtherEvents whether the chat has events that are no messages; else a seq that does not come is a
   * complaint
   */
  constructor (chatID: number, position: number, { hasOtherEvents = false } = {}) {
    this.chatID = chatID
    this.position = position
    this.hasOtherEvents = hasOtherEvents
  }

  /** Takes a frame; what is no message of this chat is a complaint. */
  take (frame: Frame): void {
    if (frame['type'] !== 'new_message' || frame['chatID'] !== this.chatID) {
      this.#complain(`got ${JSON.stringify(frame).slice(0, 200)}`)
      return
    }
    const seq = integerAt(frame, 'seq')
    if (seq <= this.position || (seq > this.position + 1 && !this.hasOtherEvents))
      this.#complain(`got ${String(seq)} after ${String(this.position)}`)
    this.isBroughtTo(seq - 1)
    this.messages.push({ seq, messageID: integerAt(frame, 'messageID'), text: textAt(frame, 'message') })
    this.position = Math.max(this.position, seq)
    if (this.#watchers.length > 0) this.#wake()
  }

  /** Everything up to a seq has come: what has not is no message. */
  isBroughtTo (seq: number): void {
    for (let missing = this.position + 1; missing <= seq; missing++) this.skipped.push(missing)
    this.position = Math.max(this.position, seq)
    if (this.#watchers.length > 0) this.#wake()
  }

  /** Waits until everything up to a seq has come. */
  async reached (seq: number, deadlineMs = DEADLINE_MS): Promise<void> {
    if (this.position >= seq) return
    const arrived = new Promise<void>((resolve) => this.#watchers.push({ seq, resolve }))
    await within(arrived, deadlineMs, `seq ${String(seq)}`).catch((error: unknown) => {
      throw new Error(
        `The subscriber has got everything up to ${String(this.position)} only; ${this.complaints.join(', ')}`,
        { cause: error }
      )
    })
  }

  #wake (): void {
    const ready = this.#watchers.filter(({ seq }) => seq <= this.position)
    this.#watchers = this.#watchers.filter(({ seq }) => seq > this.position)
    for (const { resolve } of ready) resolve()
  }

  #complain (what: string): void {
    if (this.complaints.length < MAX_COMPLAINTS) this.complaints.push(what)
  }
}

/** A socket and what it gets of a chat. */
export type Follower = { client: ChatClient, stream: ChatStream }

/** Opens a socket that follows a chat from now on, or from behind a seq. */
export async function follow (
  t: Test,
  server: { url: string },
  token: string,
  chatID: number,
  after?: number,
  options: { hasOtherEvents?: boolean } = {}
): Promise<Follower> {
  const client = await ChatClient.open(t, server, token)
  const stream = new ChatStream(chatID, after ?? 0, options)
  await joinAs(client, stream, after)
  return { client, stream }
}

/** Lets a stream go on through a socket. @throws when the join is refused, or acknowledged too early or too late */
export async function joinAs (client: ChatClient, stream: ChatStream, after?: number): Promise<void> {
  let position: number | undefined
  client.onFrame = (frame) => stream.take(frame)
  const answer = await client.request(
    { type: 'join_chat', chatID: stream.chatID, ...(after !== undefined && { after }) },
    ({ seq }) => {
      position = stream.position
      if (typeof seq !== 'number') return
      if (after === undefined) stream.position = seq
      else if (stream.hasOtherEvents) stream.isBroughtTo(seq)
    }
  )
  if (answer['type'] !== 'ack') throw new Error(`The server answered join_chat with ${JSON.stringify(answer)}`)
  const seq = integerAt(answer, 'seq')
  if (after !== undefined && stream.position !== seq && position !== seq)
    throw new Error(`The join was acknowledged with ${String(seq)} when everything up to ${String(position)} had come.`)
}

/** Waits until every one of these has so many messages more than the furthest has now. */
export async function progress (followers: readonly Follower[], count: number): Promise<void> {
  const goal = Math.max(...followers.map(({ stream }) => stream.position)) + count
  await Promise.all(followers.map(({ stream }) => stream.reached(goal)))
}
