/** The one thing that everything here is about. */

/** A stored message. `seq` is its gapless number in its chat, `clientMessageId` what its author gave it. */
export type Message = {
  chatId: number
  seq: number
  id: number
  authorId: number
  username: string
  text: string
  at: Date
  clientMessageId?: string
}
