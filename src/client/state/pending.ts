/** What the user has done and the server has not confirmed, shown over what is stored. Pure. */
import type { ConfabProblem } from '../problem.ts'
import { type Attachment, type Data, messageOf, type Reactions } from '../types.ts'
import { keyOf, type ListedMessage, type Timeline } from './timeline.ts'

/** What a message may have besides its text. */
export type MessageContent = {
  /** The message that it answers. */
  reply_to?: number
  /** The message whose thread it is for. */
  parent?: number
  /** Ids of users, `@all`, `@role:<role>`. */
  mentions?: readonly string[]
  /** Files that were sent for it; see `confab-client/files`. With one the text may be empty. */
  attachments?: readonly Attachment[]
  data?: Data
}

/** A message on its way. */
export type Outgoing = {
  readonly chat: string
  readonly client_id: string
  readonly text: string
  readonly content: MessageContent
  readonly created_at: string
  readonly status: 'sending' | 'failed'
  readonly problem: ConfabProblem | null
  /** Its seq, once it is stored: it is shown until the event has come. */
  readonly seq: number | null
}

/** A change of a stored message on its way. */
export type PendingChange = { readonly seq: number } & (
  | { readonly kind: 'edit', readonly text?: string | undefined, readonly data?: Data | undefined }
  | { readonly kind: 'delete', readonly at: string }
  | { readonly kind: 'react' | 'unreact', readonly emoji: string }
)

/** The messages as the user shall see them. Those that nothing pending changes are the same objects. */
export function withPending (
  { entries, me, parent, at }: Timeline,
  changes: readonly PendingChange[],
  outgoing: readonly Outgoing[]
): readonly ListedMessage[] {
  const stored = entries.map(({ seq, message }) =>
    changes.reduce((shown, change) => (change.seq === seq ? applyChange(shown, change) : shown), message))
  const mine = outgoing.filter(({ content, seq }) => (content.parent ?? null) === parent && (seq === null || seq > at))
  if (mine.length === 0) return stored
  const known = new Set(stored.map(({ key }) => key))
  return [...stored, ...mine.map((one) => shownOf(one, me)).filter(({ key }) => !known.has(key))]
}

function shownOf (outgoing: Outgoing, me: string | null): ListedMessage {
  const { chat, client_id, text, content, created_at, status, problem } = outgoing
  const place = { chat, seq: 0, author: me, version: 1, created_at, parent: null }
  const message = messageOf({ ...place, client_id, text, ...content })
  return { ...message, seq: null, key: keyOf(client_id), status, problem }
}

function applyChange (message: ListedMessage, change: PendingChange): ListedMessage {
  switch (change.kind) {
    case 'edit': {
      const { text = message.text, data } = change
      return { ...message, text, data: { ...message.data, ...data }, status: 'sending' }
    }
    case 'delete': {
      const { chat, seq, author, version, created_at, parent, key, problem } = message
      const place = messageOf({ chat, seq: seq ?? 0, author, version, created_at, parent, deleted_at: change.at })
      return { ...place, key, problem, status: 'sending' }
    }
    case 'react':
    case 'unreact':
      return { ...message, reactions: withReaction(message.reactions, change.emoji, change.kind === 'react') }
  }
}

function withReaction (reactions: Reactions, emoji: string, isMine: boolean): Reactions {
  const { count = 0, me = false } = reactions[emoji] ?? {}
  if (me === isMine) return reactions
  if (isMine) return { ...reactions, [emoji]: { count: count + 1, me: true } }
  if (count > 1) return { ...reactions, [emoji]: { count: count - 1 } }
  return Object.fromEntries(Object.entries(reactions).filter(([other]) => other !== emoji))
}
