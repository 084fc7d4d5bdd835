/** How clients of the fault suite speak to a face: they do the same on every one, in the words of each. */
import type { ChatClient, SocketFace } from '../../support/clients/chat-client.ts'
import type { Frame } from '../../support/clients/socket.ts'
import type { SeenEvent } from '../checking/history.ts'

/** What comes of following a chat: everything up to `seq` is there, or what was known is void, or a refusal. */
export type Followed =
  | { readonly kind: 'followed', readonly seq: number, readonly epoch: string | undefined }
  | { readonly kind: 'void', readonly epoch: string }
  | { readonly kind: 'refused', readonly answer: Frame }

/** A frame that answers nothing: an event of a chat, an error, the end of a subscription, or nothing of interest. */
export type Told =
  | { readonly kind: 'event', readonly chatID: number, readonly event: Omit<SeenEvent, 'at'> }
  | { readonly kind: 'error' | 'removed' | 'nothing' | 'unexpected' }

/** A message, as those name it who change it: in ChatCLI by its id, in `/v1` by its seq. */
export type MessageName = { readonly chatID: number, readonly seq: number, readonly messageID: number | undefined }

/** A face. */
export type Dialect = {
  readonly name: 'chatcli' | 'v1'
  readonly face: SocketFace
  /** Whether readers are shown events that are no messages, too, and so every seq. */
  readonly showsEvents: boolean
  /** What the first frame says beside the token. @param epoch the last one that is known */
  readonly greeting: (epoch: string | null) => object
  /** A post that is stored once however often it is sent with the same id. */
  readonly post: (chatID: number, text: string, id: string) => object
  /** An edit, or a deletion if there is no text. @param key the same for each repetition */
  readonly change: (message: MessageName, text: string | undefined, key: string) => object
  /** Whether an edit that was given up may still be stored after later ones. */
  readonly hasLateEdits: boolean
  /**
   * Follows a chat from behind a position, by default from now on.
   * @param onAnswer called when the answer has come, before any later frame is looked at
   * @throws {SocketGoneError}
   */
  readonly follow: (
    client: ChatClient,
    chat: { chatID: number, after: number | undefined, epoch: string | null },
    onAnswer?: () => void
  ) => Promise<Followed>
  readonly read: (frame: Frame) => Told
}
