/** Sends what was written. */
import type { Attachment, Chat, Data, ListedMessage } from '../../../client/index.ts'
import { announce, showProblem } from '../design/toast.tsx'
import { draftKey, keepDraft } from '../state/drafts.ts'
import { words } from '../words/index.ts'
import { sentFrom } from './sent.ts'

/** A message as it was written. */
export type Written = {
  text: string
  parent: number | undefined
  replyTo: ListedMessage | null
  attachments: readonly Attachment[]
  mentions: readonly string[]
  data?: Data
}

/** Sends a message. The message itself shows whether it was sent. */
export function sendMessage (chat: Chat, { text, parent, replyTo, attachments, mentions, data }: Written): void {
  chat.send(text, {
    ...(parent !== undefined && { parent }),
    ...(replyTo?.seq != null && { reply_to: replyTo.seq }),
    ...(attachments.length > 0 && { attachments }),
    ...(mentions.length > 0 && { mentions }),
    ...(data !== undefined && { data })
  }).then(() => announce(words.value.timeline.sent), () => undefined)
  sentFrom(draftKey(chat.id, parent)).value += 1
}

/** Replaces the text of a message; nobody else's change is overwritten. */
export function editText (chat: Chat, { seq, version, parent, text: before }: ListedMessage, text: string): void {
  if (seq === null || text === before) return
  chat.edit(seq, { text, version }).catch((error: unknown) => {
    showProblem(error)
    // What was written is not lost.
    keepDraft(draftKey(chat.id, parent ?? undefined), text)
  })
}
