/** The messages of a day of a conversation of Slack. */
import type { MessageRecord } from '../../domain/transfer/records.ts'
import { messagesOf } from './converting.ts'
import { emojiOfName, withEmoji } from './emoji.ts'
import { emojiOf, field, idOf, listAt, textAt, timeOf } from './values.ts'

const MS_PER_S = 1_000
const [MAX_CLIENT_ID, MAX_MENTIONS] = [64, 50]
/** Messages that only say that something has happened to the conversation, or that belong to another one. */
const NOTES = /^(channel|group|mpim|bot)_(?!message$)|^(un)?pinned_item$|^message_(changed|deleted)$|^reminder_|^ekm_/
const TOMBSTONE = 'tombstone'
/** In the place of an author that is not named. */
const NOBODY = 'USLACK'

/** The names that texts refer to, by their ids. */
export type Names = { users: ReadonlyMap<string, string>, channels: ReadonlyMap<string, string> }

/** Whether a message is shown to people. */
export function isShown (message: unknown): boolean {
  const subtype = textAt(message, 'subtype') ?? ''
  return textAt(message, 'ts') !== undefined && !NOTES.test(subtype) && field(message, 'hidden') !== true &&
    (textAt(message, 'type') ?? 'message') === 'message'
}

/** Who wrote a message: an app has a name of its own. */
export function authorOf (message: unknown): { id: string, name: string | undefined } {
  const id = textAt(message, 'user') ?? textAt(message, 'bot_id') ?? NOBODY
  const names = [['user_profile', 'display_name'], ['user_profile', 'real_name'], ['bot_profile', 'name'], ['username']]
  return { id, name: names.map((path) => textAt(message, ...path)).find((name) => name !== undefined) }
}

/** Who reacted to a message. */
export function reactorsOf (message: unknown): string[] {
  return listAt(message, 'reactions').flatMap((reaction) =>
    listAt(reaction, 'users').filter((user) => typeof user === 'string'))
}

/** What is known of a conversation from the days before. */
export class ThreadsSeen {
  /** The times of messages that may have a thread. */
  readonly openers = new Set<string>()
  readonly pins: ReadonlyMap<string, { at: string | undefined, by: string | undefined }>

  constructor (conversation: unknown) {
    this.pins = new Map(listAt(conversation, 'pins').flatMap((pin) => {
      const [id, created] = [textAt(pin, 'id'), field(pin, 'created')]
      const at = typeof created === 'number' ? timeOf(created * MS_PER_S) : undefined
      return id === undefined ? [] : [[id, { at, by: textAt(pin, 'user') }] as const]
    }))
  }
}

/** The messages of a day, oldest first. @param day the content of its file */
export function messagesOfDay (day: unknown, names: Names, threads: ThreadsSeen): MessageRecord[] {
  const shown = listAt({ day }, 'day').filter(isShown).flatMap((message) => {
    const ts = textAt(message, 'ts') ?? ''
    const time = timeOf(Number(ts) * MS_PER_S)
    return time === undefined ? [] : [{ message, ts, time }]
  })
  return shown.sort((one, other) => Number(one.ts) - Number(other.ts))
    .flatMap(({ message, ts, time }) => recordsOf(message, { ts, time }, names, threads))
}

function recordsOf (
  message: unknown, { ts, time }: { ts: string, time: string }, names: Names, threads: ThreadsSeen
): MessageRecord[] {
  const thread = textAt(message, 'thread_ts')
  const parent = thread !== undefined && thread !== ts && threads.openers.has(thread) ? thread : undefined
  const isOpener = thread === ts
  const place = {
    user: idOf(authorOf(message).id),
    created_at: time,
    ...(isOpener && { id: ts }),
    ...(parent !== undefined && { parent })
  }
  const records = textAt(message, 'subtype') === TOMBSTONE
    ? [{ record: 'message' as const, ...place, deleted_at: time }]
    : messagesOf({ ...place, ...additionsTo(message, ts, threads) }, textOf(message, names))
  if (isOpener && records.length > 0) threads.openers.add(ts)
  return records
}

function additionsTo (message: unknown, ts: string, threads: ThreadsSeen): Partial<MessageRecord> {
  const clientId = textAt(message, 'client_msg_id')
  const edited = textAt(message, 'edited', 'ts')
  const editedAt = edited === undefined ? undefined : timeOf(Number(edited) * MS_PER_S)
  const mentions = mentionsIn(textAt(message, 'text') ?? '')
  const reactions = reactionsOf(message)
  const pin = threads.pins.get(ts)
  return {
    ...(clientId !== undefined && clientId.length <= MAX_CLIENT_ID && { client_id: clientId }),
    ...(editedAt !== undefined && { edited_at: editedAt }),
    ...(mentions.length > 0 && { mentions }),
    ...(reactions.length > 0 && { reactions }),
    ...(pin?.at !== undefined && { pinned: { at: pin.at, ...(pin.by !== undefined && { by: idOf(pin.by) }) } })
  }
}

function mentionsIn (text: string): string[] {
  const users = [...text.matchAll(/<@([A-Z0-9]+)(?:\|[^>]*)?>/g)].map(([, id = '']) => idOf(id))
  const all = /<!(?:channel|here|everyone|group)(?:\|[^>]*)?>/.test(text) ? ['@all'] : []
  return [...new Set([...all, ...users])].slice(0, MAX_MENTIONS)
}

function reactionsOf (message: unknown): NonNullable<MessageRecord['reactions']> {
  const reactions = listAt(message, 'reactions').flatMap((reaction) => {
    const name = textAt(reaction, 'name') ?? ''
    const emoji = emojiOf(emojiOfName(name) ?? name)
    const users = listAt(reaction, 'users').filter((user) => typeof user === 'string')
    return emoji === undefined ? [] : users.map((user) => ({ emoji, user: idOf(user) }))
  })
  return [...new Map(reactions.map((one) => [`${one.user} ${one.emoji}`, one])).values()]
}

/** The text of a message, with links to its files, and what apps say in boxes. */
function textOf (message: unknown, names: Names): string {
  const boxes = listAt(message, 'attachments').map((box) =>
    ['pretext', 'title', 'text'].flatMap((name) => textAt(box, name) ?? []).join('\n') ||
    (textAt(box, 'fallback') ?? ''))
  const isOfApp = textAt(message, 'bot_id') !== undefined
  const text = textAt(message, 'text') ?? ''
  const parts = [text, ...isOfApp || text === '' ? boxes : []].map((part) => plain(part, names))
  return [...parts, ...listAt(message, 'files').map(linkOf)].filter((part) => part !== '').join('\n')
}

function linkOf (file: unknown): string {
  const name = textAt(file, 'title') ?? textAt(file, 'name')
  const url = textAt(file, 'permalink') ?? textAt(file, 'url_private')
  return [name, url].filter((part) => part !== undefined).join(': ')
}

/** Text of Slack (mrkdwn) as people see it: references have names, links their addresses, characters no codes. */
function plain (text: string, names: Names): string {
  const named = text.replace(
    /<([@#!]?)([^>|]*)(?:\|([^>]*))?>/g,
    (_whole, kind: string, target: string, label?: string) => plainReference({ kind, target, label }, names)
  )
  return withEmoji(named.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'))
}

function plainReference (
  { kind, target, label = '' }: { kind: string, target: string, label: string | undefined }, { users, channels }: Names
): string {
  switch (kind) {
    case '@':
      return `@${users.get(target) ?? (label === '' ? target : label)}`
    case '#':
      return `#${label === '' ? channels.get(target) ?? target : label}`
    case '!':
      return label === '' ? `@${target.replace(/^subteam\^/, '')}` : label
    default:
      return label === '' || target.endsWith(label) ? target.replace(/^mailto:/, '') : `${label} (${target})`
  }
}
