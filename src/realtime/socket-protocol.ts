/** What a face brings to the life of its sockets: the codec of what they are shown, and its clients' commands. */
import type { ChatError } from '../domain/errors.ts'
import type { Receipt } from '../domain/events/event-writer.ts'
import type { RefValue } from './client-frame.ts'
import type { Codec } from './codec.ts'
import type { SocketSession } from './socket-session.ts'

/** A frame that the server sends to one socket. `type` is a label of the metrics. */
export type Answer = { readonly type: string }

/** A command of a client. `type` is a label of the metrics, so it must be one of a few. */
export type Command = { readonly type: string }

/** The frames of a face. It is the same for all sockets and keeps nothing of any. */
export type SocketProtocol<Own extends Command = Command> = {
  readonly codec: Codec
  /** Every `type` of a command, for the metrics. */
  readonly commandTypes: readonly string[]
  /** Every `type` of an answer, for the metrics. */
  readonly answerTypes: readonly string[]
  /** The type of the command that must come first, for the reason of the close when it does not come. */
  readonly firstCommand: string
  /** What the span of a post is called. */
  readonly postSpan: string
  /** Reads the command of a frame. @throws {ChatError} `unknown_action`, `invalid_input` */
  decode: (frame: object) => Own
  /** The token that a first command authenticates the socket with; undefined when it is another command. */
  tokenOf: (command: Own) => string | undefined
  /** Greets a socket that its first command has authenticated. Frames behind a promise wait for it. */
  welcome: (session: SocketSession<Own>, first: Own) => Promise<void> | undefined
  /**
   * Carries out a command of an authenticated socket and answers it. Frames behind a promise wait for it; what it
   * throws or rejects with is answered by {@link SocketProtocol.error}.
   */
  perform: (session: SocketSession<Own>, command: Own) => Promise<void> | undefined
  /** The acknowledgement of a post that has a `ref`. */
  postAck: (ref: RefValue, receipt: Receipt) => Answer
  /** A refusal, with the `ref` of what was refused, if it had one, and the epoch where that is what it is about. */
  error: (error: ChatError, ref: RefValue | undefined, epoch: string | undefined) => Answer
}
