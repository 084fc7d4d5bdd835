/** The rows of a chat, read from the tables instead of through the API. */
import { asc, eq } from 'drizzle-orm'
import type { Orm } from '../../../src/store/database.ts'
import { messages } from '../../../src/store/schema.ts'

/** A row of a chat. */
export type StoredMessage = { seq: number, messageID: number, text: string, postKey: string, authorId: number }

/** Every message of a chat, in order. A cluster must be `inspectable`. */
export async function storedMessages ({ orm }: { readonly orm: Orm }, chatID: number): Promise<StoredMessage[]> {
  return orm
    .select({
      seq: messages.seq,
      messageID: messages.id,
      text: messages.body,
      postKey: messages.postKey,
      authorId: messages.authorId
    })
    .from(messages)
    .where(eq(messages.chatId, chatID))
    .orderBy(asc(messages.seq))
}
