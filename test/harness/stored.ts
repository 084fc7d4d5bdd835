/** What the tables hold of a chat, past everything that serves it. */
import { asc, eq } from 'drizzle-orm'
import { messages } from '../../src/store/schema.ts'
import type { Cluster } from './cluster.ts'

/** A row of a chat. */
export type StoredMessage = { seq: number, messageID: number, text: string, postKey: string, authorId: number }

/** Every message of a chat, in order. The cluster must be `inspectable`. */
export async function storedMessages (cluster: Cluster, chatID: number): Promise<StoredMessage[]> {
  return cluster.orm
    .select({ seq: messages.seq, messageID: messages.id, text: messages.body, postKey: messages.postKey, authorId: messages.authorId })
    .from(messages).where(eq(messages.chatId, chatID)).orderBy(asc(messages.seq))
}
