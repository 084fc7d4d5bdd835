/** The answers to the commands of a socket: acknowledgements and errors, in the frames of its face. */
import { asChatError, ChatError } from '../domain/errors.ts'
import type { ChangeReceipt } from '../domain/events/change.ts'
import type { Receipt } from '../domain/events/post.ts'
import type { RefValue } from './client-frame.ts'
import type { Connection } from './connection.ts'
import type { SocketContext } from './socket-context.ts'
import type { Answerer, ChangeRequest, SocketPost } from './socket-post.ts'
import type { SocketProtocol } from './socket-protocol.ts'

const MS_PER_S = 1_000

/** Answers a socket. A connection must have begun each post and change that is answered here, which ends it. */
export class SocketAnswers implements Answerer {
  readonly #context: Pick<SocketContext, 'epoch' | 'log' | 'metrics'>
  readonly #protocol: Pick<SocketProtocol, 'changeAck' | 'error' | 'postAck'>

  constructor (
    context: Pick<SocketContext, 'epoch' | 'log' | 'metrics'>,
    protocol: Pick<SocketProtocol, 'changeAck' | 'error' | 'postAck'>
  ) {
    this.#context = context
    this.#protocol = protocol
  }

  /** Answers with an error. One that is a fault of the server is logged. */
  answerError (connection: Connection, error: unknown, ref: RefValue | undefined): void {
    const { epoch, log } = this.#context
    const chatError = asChatError(error)
    if (chatError.code === 'internal' || chatError.code === 'unavailable') log.error({ err: error }, 'action failed')
    const shownEpoch = chatError.code === 'epoch_changed' ? epoch.current : undefined
    connection.tell(this.#protocol.error(chatError, ref, shownEpoch))
  }

  answerPost ({ connection, ref, startedAt, span }: SocketPost, outcome: Receipt | ChatError): void {
    const { metrics } = this.#context
    if (outcome instanceof ChatError) {
      span?.fail(outcome.code)
      this.answerError(connection, outcome, ref)
    } else {
      const ack = this.#protocol.postAck?.(ref, outcome)
      if (ack !== undefined) connection.tell(ack)
      if (outcome.duplicate) metrics.postDuplicates++
      metrics.postSeconds.observe((performance.now() - startedAt) / MS_PER_S)
      span?.end({ 'chat.seq': outcome.message.seq })
    }
    connection.endPost()
  }

  /** Answers a change of a message. */
  answerChange (
    connection: Connection, { chatId, ref }: ChangeRequest, outcome: ChangeReceipt | ChatError
  ): void {
    if (outcome instanceof ChatError) this.answerError(connection, outcome, ref)
    else {
      const ack = this.#protocol.changeAck?.(ref, chatId, outcome)
      if (ack !== undefined) connection.tell(ack)
    }
    connection.endPost()
  }
}
