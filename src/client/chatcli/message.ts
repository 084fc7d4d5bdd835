/** A message of the server, from the history or live. */
import { integerOf, textOf } from '../json.ts'

/** A message. `seq` counts 1, 2, 3 … in each chat and gives the order. */
export type Message = {
  chatID: number
  messageID: number
  seq: number
  userID: number
  username: string
  text: string
  /** ISO 8601, in UTC. */
  timestamp: string
  /** The id that its author assigned, if any. */
  clientMessageID: string | undefined
}

/** A message that was deleted. */
export type DeletedMessage = { chatID: number, messageID: number }

/** Reads the message that was deleted; undefined when the value names none. */
export function deletedMessageOf (value: unknown): DeletedMessage | undefined {
  const [chatID, messageID] = [integerOf(value, 'chatID'), integerOf(value, 'messageID')]
  return chatID === undefined || messageID === undefined ? undefined : { chatID, messageID }
}

/** Reads a message; undefined when the value is none. */
export function messageOf (value: unknown): Message | undefined {
  const [chatID, messageID, seq, userID] = [
    integerOf(value, 'chatID'),
    integerOf(value, 'messageID'),
    integerOf(value, 'seq'),
    integerOf(value, 'userID')
  ]
  const [username, text, timestamp] = [textOf(value, 'username'), textOf(value, 'message'), textOf(value, 'timestamp')]
  if (chatID === undefined || messageID === undefined || seq === undefined || userID === undefined) return undefined
  if (username === undefined || text === undefined || timestamp === undefined) return undefined
  return {
    chatID,
    messageID,
    seq,
    userID,
    username,
    text,
    timestamp,
    clientMessageID: textOf(value, 'clientMessageID')
  }
}
