/** A message as this dialect shows it, in history and in frames alike. */
import type { Message } from '../../domain/message.ts'

/** The message's fields under this dialect's names. */
export function encodeMessage ({ id, chatId, authorId, username, text, at, seq, clientMessageId }: Message) {
  return {
    messageID: id,
    chatID: chatId,
    userID: authorId,
    username,
    message: text,
    timestamp: at.toISOString(),
    seq,
    ...(clientMessageId !== undefined && { clientMessageID: clientMessageId })
  }
}
