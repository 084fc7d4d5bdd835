/** Sends what was written. */
import type { Attachment, Chat, Data, ListedMessage } from '../../../client/index.ts'
import { announce, showProblem } from '../design/toast.tsx'
import { session } from '../session/session.ts'
import { allDrafts, draftKey, keepDraft } from '../state/drafts.ts'
import { words } from '../words/index.ts'
import { modeOf } from './mode.ts'
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
export function editText (chat: Chat, message: ListedMessage, text: string): void {
  const { seq, version, text: before } = message
  if (seq === null || text === before) return
  const author = session.peek()
  chat.edit(seq, { text, version }).catch((error: unknown) => {
    // Somebody else may have signed in meanwhile.
    if (session.peek() !== author) return
    showProblem(error)
    editAgain(chat, message, text)
  })
}

/** What was written is not lost: it is in the field again, or behind what is written there meanwhile. */
function editAgain (chat: Chat, message: ListedMessage, text: string): void {
  const parent = message.parent ?? undefined
  const key = draftKey(chat.id, parent)
  const { items } = (parent === undefined ? chat.messages : chat.thread(parent)).getSnapshot()
  const latest = items.find(({ seq }) => seq === message.seq) ?? message
  const mode = modeOf(key)
  if (mode.value.kind === 'new' && latest.deleted_at === null) {
    mode.value = { kind: 'edit', message: latest, text }
    return
  }
  const { [key]: draft = '' } = allDrafts.value
  keepDraft(key, draft === '' ? text : `${draft}\n${text}`)
}
