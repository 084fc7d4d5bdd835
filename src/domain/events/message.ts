/** The message. */
import type { MessageRow } from '../../store/messages.ts'

/** A stored message. `seq` is its gapless number in its chat, `clientMessageId` the id that its author assigned. */
export type Message = Omit<MessageRow, 'postKey'> & { clientMessageId?: string | undefined }
