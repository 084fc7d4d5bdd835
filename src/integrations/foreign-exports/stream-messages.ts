/** The messages of a channel of Stream Chat. */
import type { MessageRecord } from '../../domain/transfer/records.ts'
import { messagesOf } from './converting.ts'
import { emojiOfName } from './emoji.ts'
import { dataOf, emojiOf, field, idOf, listAt, textAt, timeAt, userIdIn } from './values.ts'

/** Kinds of messages that only one user saw, or nobody. */
const UNSEEN = new Set(['error', 'ephemeral'])
const MAX_CLIENT_ID = 64
const MAX_MENTIONS = 50

type Found = { message: unknown, id: string, user: string, time: string }

/** The messages of a channel, oldest first. */
export function messagesOfChannel (channel: unknown): MessageRecord[] {
  const found = listAt(channel, 'messages').flatMap((message): Found[] => {
    const [id, user, time] = [textAt(message, 'id'), userIdIn(message), timeAt(message, 'created_at')]
    const isSeen = !UNSEEN.has(textAt(message, 'type') ?? '') && field(message, 'shadowed') !== true
    return isSeen && id !== undefined && user !== undefined && time !== undefined ? [{ message, id, user, time }] : []
  })
  found.sort((one, other) => one.time < other.time ? -1 : one.time > other.time ? 1 : 0)
  /** Whether each message that came before is a reply. */
  const before = new Map<string, boolean>()
  return found.flatMap((one) => {
    if (before.has(one.id)) return []
    const parent = textAt(one.message, 'parent_id')
    const isReply = parent !== undefined && before.get(parent) === false
    const records = recordsOf(one, isReply ? parent : undefined, before)
    if (records.length > 0) before.set(one.id, isReply)
    return records
  })
}

function recordsOf (
  { message, id, user, time }: Found, parent: string | undefined, before: ReadonlyMap<string, boolean>
): MessageRecord[] {
  const place = { id, user: idOf(user), created_at: time, ...(parent !== undefined && { parent }) }
  const deletedAt = timeAt(message, 'deleted_at') ?? (textAt(message, 'type') === 'deleted' ? time : undefined)
  if (deletedAt !== undefined) return [{ record: 'message', ...place, deleted_at: deletedAt }]
  const quoted = textAt(message, 'quoted_message_id')
  const editedAt = timeAt(message, 'message_text_updated_at')
  const mentions = [...new Set(listAt(message, 'mentioned_users').flatMap((one) => textAt(one, 'id') ?? []))]
  const reactions = reactionsOf(message)
  const pinnedAt = timeAt(message, 'pinned_at')
  const pinnedBy = textAt(message, 'pinned_by', 'id')
  const data = dataOf(field(message, 'custom') === undefined ? {} : { custom: field(message, 'custom') })
  return messagesOf({
    ...place,
    ...(id.length <= MAX_CLIENT_ID && { client_id: id }),
    ...(editedAt !== undefined && { edited_at: editedAt }),
    ...(quoted !== undefined && before.has(quoted) && { reply_to: quoted }),
    ...(mentions.length > 0 && { mentions: mentions.slice(0, MAX_MENTIONS).map(idOf) }),
    ...(reactions.length > 0 && { reactions }),
    ...(pinnedAt !== undefined && { pinned: { at: pinnedAt, ...(pinnedBy !== undefined && { by: idOf(pinnedBy) }) } }),
    ...(data !== undefined && { data })
  }, textOf(message))
}

function textOf (message: unknown): string {
  const links = listAt(message, 'attachments').flatMap((attachment) => {
    const url = ['asset_url', 'image_url', 'og_scrape_url', 'title_link', 'thumb_url']
      .map((name) => textAt(attachment, name)).find((one) => one !== undefined)
    const text = textAt(message, 'text') ?? ''
    // What a link in the text shows is no file.
    if (url === undefined || text.includes(url) || textAt(attachment, 'og_scrape_url') !== undefined) return []
    const title = textAt(attachment, 'title') ?? textAt(attachment, 'fallback')
    return [title === undefined ? url : `${title}: ${url}`]
  })
  return [textAt(message, 'text') ?? '', ...links].filter((part) => part !== '').join('\n')
}

function reactionsOf (message: unknown): NonNullable<MessageRecord['reactions']> {
  const reactions = new Map<string, NonNullable<MessageRecord['reactions']>[number]>()
  for (const reaction of [...listAt(message, 'reactions'), ...listAt(message, 'latest_reactions')].reverse()) {
    const [type = '', user] = [textAt(reaction, 'type'), userIdIn(reaction)]
    const emoji = emojiOf(emojiOfName(type) ?? type)
    const at = timeAt(reaction, 'created_at')
    if (emoji !== undefined && user !== undefined)
      reactions.set(`${user} ${emoji}`, { emoji, user: idOf(user), ...(at !== undefined && { created_at: at }) })
  }
  return [...reactions.values()].sort((one, other) => (one.created_at ?? '') < (other.created_at ?? '') ? -1 : 1)
}
