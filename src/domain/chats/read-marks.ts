/**
 * Read marks: up to which seq a member has read a chat, or a thread in it. A mark only grows, and there is one for all
 * devices and dialects: the history of a dialect sets it, and so does `/v1` on request. What is before a member's own
 * post has been read as well; that is not stored, but follows from the messages where marks are shown.
 */
import type { Orm } from '../../store/database.ts'
import { inSnapshot } from '../../store/snapshot.ts'
import * as store from '../../store/read-marks.ts'
import { isShared, share } from '../../store/sharing.ts'
import { ChatError } from '../errors.ts'
import { publicChatId } from './chat-id.ts'
import { type Caller, type ChatAccess, requireMember, requireReadable } from './chat-reader.ts'

/** A mark that has grown. */
export type MovedMark = {
  chatId: number
  /** The id of the chat in `/v1`. */
  chat: string
  userId: number
  username: string
  seq: number
  /** The message whose thread it is for. */
  parentSeq: number | undefined
  /** Whether other members may know it. */
  isShared: boolean
}

/** A mark to set: that of the chat, or of the thread of a message in it. */
export type MarkRequest = { chatId: number, userId: number, seq: number, parentSeq?: number | undefined }

/** Called with a mark that has grown, when it is stored. It must not throw. */
export type MarkListener = (mark: MovedMark) => void

/** The mark of a member. */
export type Receipt = store.ReceiptRow

/** Dependencies of the marks. */
export type ReadMarksDeps = {
  orm: Orm
  /** In chats with more members nobody else knows a mark. */
  receiptsMaxMembers: number
}

/** The read marks of this server. */
export class ReadMarks {
  readonly #deps: ReadMarksDeps
  readonly #listeners: MarkListener[] = []

  constructor (deps: ReadMarksDeps) {
    this.#deps = deps
  }

  /** Calls `listener` with each mark that a user has moved on this replica. */
  onMoved (listener: MarkListener): void {
    this.#listeners.push(listener)
  }

  /**
   * Records that a member has read up to a seq; beyond the head it counts as the head. The mark never goes back. That
   * of a thread is kept for those who follow it.
   * @returns the mark afterwards
   * @throws {ChatError} `not_a_participant`, `unknown_message` when there is no such thread
   */
  async mark (request: MarkRequest): Promise<number> {
    const row = await this.#mark(request)
    if (row === undefined) throw new ChatError('not_a_participant')
    if (!row.isThread) throw new ChatError('unknown_message')
    return row.seq
  }

  /** The same for the reader of a page of history, who may be no member any more. */
  async note (request: MarkRequest): Promise<void> {
    await this.#mark(request)
  }

  async #mark ({ chatId, userId, seq, parentSeq }: MarkRequest): Promise<store.MarkRow | undefined> {
    const { orm, receiptsMaxMembers } = this.#deps
    const row = await store.markRead(orm, { chatId, userId, seq, parentSeq }, receiptsMaxMembers)
    if (row?.isMoved === true) {
      const { username, chosenId, isShared, members } = row
      const mark = {
        chatId,
        chat: publicChatId(chatId, chosenId),
        userId,
        username,
        seq: row.seq,
        parentSeq,
        isShared: isShared && members <= receiptsMaxMembers
      }
      for (const listener of this.#listeners) listener(mark)
    }
    return row
  }

  /**
   * The same for a chat by its id of `/v1`.
   * @throws {ChatError} `unknown_chat`, `unknown_message`; `forbidden` for one who is no member
   */
  async markIn (
    caller: Caller & { userId: number },
    chat: string,
    mark: Pick<MarkRequest, 'seq' | 'parentSeq'>
  ): Promise<void> {
    const { chatId } = await requireMember(this.#deps.orm, caller, chat)
    await this.mark({ chatId, userId: caller.userId, ...mark })
  }

  /** Returns the stored marks that a user may know in those of these chats that the user is in, by their numbers. */
  async receiptsOf (userId: number, chatIds: readonly number[]): Promise<ReadonlyMap<number, Receipt[]>> {
    const { orm, receiptsMaxMembers: maxMembers } = this.#deps
    const rows = chatIds.length === 0 ? [] : await store.listReceiptsOf(orm, userId, { chatIds, maxMembers })
    const byChat = new Map<number, Receipt[]>()
    for (const { chatId, ...receipt } of rows) {
      const known = byChat.get(chatId)
      if (known === undefined) byChat.set(chatId, [receipt])
      else known.push(receipt)
    }
    return byChat
  }

  /** Whether other members may know the marks of a user. */
  async areShared (userId: number): Promise<boolean> {
    return isShared(this.#deps.orm, 'receipts', userId)
  }

  /** Sets whether other members may know the marks of a user. */
  async share (userId: number, isWanted: boolean): Promise<void> {
    await share(this.#deps.orm, 'receipts', userId, isWanted)
  }

  /**
   * Returns the marks in a chat that a caller may know; none where the chat is too large, or has no receipts.
   * @throws {ChatError} `unknown_chat`, `forbidden`
   */
  async receipts (caller: Caller, chat: string): Promise<{ access: ChatAccess, receipts: Receipt[] }> {
    const { orm, receiptsMaxMembers: maxMembers } = this.#deps
    return inSnapshot(orm, async (tx) => {
      const access = await requireReadable(tx, caller, chat)
      const receipts = await store.listReceipts(tx, access.chatId, { userId: caller.userId, maxMembers })
      return { access, receipts: receipts ?? [] }
    })
  }
}
