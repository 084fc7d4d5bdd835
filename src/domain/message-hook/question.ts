/** What the application is asked about a message or an edit. */
import { findSeqOfMessage, type Scene } from '../../store/hooks.ts'
import type { Orm } from '../../store/database.ts'
import { findMessage } from '../../store/messages.ts'
import { userIdOf } from '../accounts/user-id.ts'
import { publicChatId } from '../chats/chat-id.ts'
import type { ChangeAction } from '../events/change.ts'
import type { Gated } from '../events/message-gate.ts'
import { messageOf } from '../events/message.ts'
import { clientMessageIdOf } from '../events/post-key.ts'

/** A question in JSON. */
export type Question = {
  type: 'message.before_create' | 'message.before_edit'
  timestamp: string
  data: {
    message: Record<string, unknown>
    chat: { id: string, type: string }
    user: { id: string | null, name: string, avatar: string | null, data: Record<string, unknown> }
  }
}

/** The question about a message or an edit; undefined when there is nothing to ask, as about a message that is gone. */
export async function questionOf (orm: Orm, gated: Gated, scene: Scene): Promise<Question | undefined> {
  const { chatId } = gated.post ?? gated.change
  const userId = gated.post === undefined ? gated.change.actor.userId ?? 0 : gated.post.author.userId
  const [chat, user] = [publicChatId(chatId, scene.publicId), userIdOf(userId, scene.username) ?? null]
  const action: ChangeAction = gated.post === undefined ? gated.change.action : { kind: 'post', text: gated.post.text }
  const ask = (type: Question['type'], message: Record<string, unknown>): Question => ({
    type,
    timestamp: new Date().toISOString(),
    data: {
      message: { chat, ...message },
      chat: { id: chat, type: scene.type },
      user: { id: user, name: scene.name, avatar: scene.avatar, data: scene.data }
    }
  })
  if (action.kind === 'post') {
    const { text, parentSeq = null, replyToSeq = null, mentions = [], data = {}, attachments: files = [] } = action
    const clientId = clientMessageIdOf(gated.key) ?? null
    const attachments = files.map((file) => ({ file }))
    return ask('message.before_create', {
      author: user, text, client_id: clientId, reply_to: replyToSeq, parent: parentSeq, mentions, data, attachments
    })
  }
  if (action.kind !== 'edit') return undefined
  const { target } = action
  const seq = 'seq' in target ? target.seq : await findSeqOfMessage(orm, chatId, target.messageId)
  const row = seq === undefined ? undefined : await findMessage(orm, chatId, seq)
  const present = row && messageOf(row)
  if (present === undefined || present.deletedAt !== null) return undefined
  const { authorId, username, clientMessageId = null, version, extras } = present
  return ask('message.before_edit', {
    seq,
    author: userIdOf(authorId, username) ?? null,
    text: action.text ?? present.text,
    client_id: clientMessageId,
    version,
    reply_to: extras?.replyToSeq ?? null,
    parent: extras?.parentSeq ?? null,
    mentions: extras?.mentions ?? [],
    data: (action.data === undefined ? extras?.data : action.data) ?? {},
    attachments: (extras?.attachments ?? []).map(({ file }) => ({ file }))
  })
}
