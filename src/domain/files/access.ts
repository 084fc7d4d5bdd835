/** Who may see a file: who sees its message; before it has one, its sender. */
import type { Orm } from '../../store/database.ts'
import type { FileRow } from '../../store/files.ts'
import { findMessageFor } from '../../store/message-pages.ts'
import { inSnapshot } from '../../store/snapshot.ts'
import { publicChatId } from '../chats/chat-id.ts'
import { type Caller, requireReadable } from '../chats/chat-reader.ts'
import { ChatError } from '../errors.ts'

/** @throws {ChatError} `unknown_file`, `forbidden` */
export async function requireFileAccess (orm: Orm, caller: Caller, row: FileRow): Promise<void> {
  await inSnapshot(orm, async (tx) => {
    const { chatId, chosenId, messageSeq } = row
    if (messageSeq === null && caller.userId !== null && caller.userId !== row.userId)
      throw new ChatError('unknown_file')
    const { fromSeq } = await requireChat(tx, caller, publicChatId(chatId, chosenId))
    if (messageSeq === null) return
    const message = await findMessageFor(tx, { chatId, fromSeq, userId: caller.userId }, messageSeq)
    if (message === undefined) throw new ChatError('unknown_file')
  })
}

async function requireChat (tx: Orm, caller: Caller, chat: string) {
  try {
    return await requireReadable(tx, caller, chat)
  } catch (error) {
    if (error instanceof ChatError && error.code === 'unknown_chat') throw new ChatError('unknown_file')
    throw error
  }
}
