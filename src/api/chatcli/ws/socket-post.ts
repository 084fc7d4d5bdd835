/** A post of a socket, from its frame to its answer. */
import type { ChatError } from '../../../domain/errors.ts'
import type { Post, Receipt } from '../../../domain/events/event-writer.ts'
import type { Connection } from '../../../realtime/connection.ts'
import { isSampled, type TraceContext } from '../../../observability/tracing/trace-context.ts'
import type { Span } from '../../../observability/tracing/tracing.ts'
import type { Action } from './frames.ts'

/** The frame of a post. */
export type PostAction = Extract<Action, { type: 'post_msg' }>

/** Answers a post of a socket. It must not throw. */
export type Answerer = { answerPost: (post: SocketPost, outcome: Receipt | ChatError) => void }

/** One object for all that is known of a post while it is under way: each more would have to come from memory again. */
export class SocketPost implements Post {
  readonly connection: Connection
  readonly action: PostAction
  readonly author: Post['author']
  readonly span: Span | undefined
  /** When it came in, by the process's clock, in milliseconds. */
  readonly startedAt = performance.now()
  readonly #answerer: Answerer

  /** @param span that of its frame, if traces are kept */
  constructor (answerer: Answerer, connection: Connection, action: PostAction, span: Span | undefined) {
    this.#answerer = answerer
    this.connection = connection
    this.action = action
    this.author = connection.session
    this.span = span
  }

  get chatId (): number {
    return this.action.chatID
  }

  get text (): string {
    return this.action.text
  }

  get clientMessageId (): string | undefined {
    return this.action.clientMessageID
  }

  get trace (): TraceContext | undefined {
    return this.span !== undefined && isSampled(this.span.context) ? this.span.context : undefined
  }

  onSettled (outcome: Receipt | ChatError): void {
    this.#answerer.answerPost(this, outcome)
  }
}
