/** The one thing that everything here is about. */
import type { MessageRow } from '../../store/messages.ts'

/** A stored message. `seq` is its gapless number in its chat, `clientMessageId` what its author gave it. */
export type Message = Omit<MessageRow, 'postKey'> & { clientMessageId?: string | undefined }
