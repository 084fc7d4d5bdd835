/** A post of a socket, from its frame to its answer. */
import type { ChatError } from '../domain/errors.ts'
import type { Post, Receipt } from '../domain/events/event-writer.ts'
import { isSampled, type TraceContext } from '../observability/tracing/trace-context.ts'
import type { Span } from '../observability/tracing/tracing.ts'
import type { RefValue } from './client-frame.ts'
import type { Connection } from './connection.ts'

/** What a client asks to be posted. */
export type PostRequest = {
  readonly chatId: number
  readonly text: string
  readonly clientMessageId: string | undefined
  /** With it the post is acknowledged. */
  readonly ref: RefValue | undefined
  /** W3C Trace Context; anything else in its place starts a trace of its own. */
  readonly traceparent: unknown
}

/** Answers a post of a socket. It must not throw. */
export type Answerer = { answerPost: (post: SocketPost, outcome: Receipt | ChatError) => void }

/** One object for all that is known of a post while it is under way: each more would have to come from memory again. */
export class SocketPost implements Post {
  readonly chatId: number
  readonly text: string
  readonly clientMessageId: string | undefined
  readonly ref: RefValue | undefined
  readonly connection: Connection
  readonly author: Post['author']
  readonly span: Span | undefined
  /** When it came in, by the process's clock, in milliseconds. */
  readonly startedAt = performance.now()
  readonly #answerer: Answerer

  /** @param span that of its frame, if traces are kept */
  constructor (answerer: Answerer, connection: Connection, request: PostRequest, span: Span | undefined) {
    this.#answerer = answerer
    this.connection = connection
    this.chatId = request.chatId
    this.text = request.text
    this.clientMessageId = request.clientMessageId
    this.ref = request.ref
    this.author = connection.session
    this.span = span
  }

  get trace (): TraceContext | undefined {
    return this.span !== undefined && isSampled(this.span.context) ? this.span.context : undefined
  }

  onSettled (outcome: Receipt | ChatError): void {
    this.#answerer.answerPost(this, outcome)
  }
}
