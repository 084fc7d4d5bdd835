/** A post of a socket, from its frame to its answer. */
import type { ChatError } from '../domain/errors.ts'
import type { Post, Receipt } from '../domain/events/post.ts'
import { isSampled, type TraceContext } from '../observability/tracing/trace-context.ts'
import type { Span } from '../observability/tracing/tracing.ts'
import type { RefValue } from './client-frame.ts'
import type { Connection } from './connection.ts'

/** A request to post a message. */
export type PostRequest = {
  readonly chatId: number
  readonly text: string
  readonly clientMessageId: string | undefined
  /** With it the post is acknowledged. */
  readonly ref: RefValue | undefined
  /** W3C Trace Context; an invalid value starts a new trace. */
  readonly traceparent: unknown
  /** What the message has beside its text. */
  readonly extras?: Post['extras']
}

/** A request to change a message. */
export type ChangeRequest = {
  readonly chatId: number
  readonly messageId: number
  /** The new text; undefined deletes the message. */
  readonly text: string | undefined
  /** With it the change is acknowledged. */
  readonly ref: RefValue | undefined
}

/** Answers a post of a socket. It must not throw. */
export type Answerer = { answerPost: (post: SocketPost, outcome: Receipt | ChatError) => void }

/**
 * One object for the whole state of a pending post: each further object would have to be loaded into the caches again.
 */
export class SocketPost implements Post {
  readonly chatId: number
  readonly text: string
  readonly clientMessageId: string | undefined
  readonly ref: RefValue | undefined
  readonly connection: Connection
  readonly author: Post['author']
  readonly extras: Post['extras']
  readonly isNarrowed: boolean
  readonly span: Span | undefined
  /** Time of arrival by the monotonic clock of the process, in milliseconds. */
  readonly startedAt = performance.now()
  readonly #answerer: Answerer

  /** @param span span of its frame, if it is traced */
  constructor (answerer: Answerer, connection: Connection, request: PostRequest, span: Span | undefined) {
    this.#answerer = answerer
    this.connection = connection
    this.chatId = request.chatId
    this.text = request.text
    this.clientMessageId = request.clientMessageId
    this.ref = request.ref
    this.author = connection.principal
    this.extras = request.extras
    this.isNarrowed = connection.principal.chats !== undefined
    this.span = span
  }

  get trace (): TraceContext | undefined {
    return this.span !== undefined && isSampled(this.span.context) ? this.span.context : undefined
  }

  onSettled (outcome: Receipt | ChatError): void {
    this.#answerer.answerPost(this, outcome)
  }
}
