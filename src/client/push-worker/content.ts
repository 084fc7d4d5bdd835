/** What the server tells a browser. */
import { fieldOf, integerOf, parseJson, textOf } from '../json.ts'

/** There is a message: the newest one of its chat that the user has not read. */
export type MessagePush = {
  readonly type: 'message'
  readonly chat: string
  readonly chat_type: string
  /** Null for a direct chat. */
  readonly chat_name: string | null
  readonly seq: number
  /** The message whose thread it belongs to. */
  readonly parent: number | null
  readonly author: { readonly id: string | null, readonly name: string }
  /** The beginning of the text; null where the user wants no previews. */
  readonly text: string | null
  readonly mentioned: boolean
  /** Unread messages of the chat. */
  readonly unread: number
  readonly at: string
}

/** The messages of a chat up to a seq were read elsewhere. */
export type ReadPush = { readonly type: 'read', readonly chat: string, readonly seq: number }

/** What a push says. */
export type PushContent = MessagePush | ReadPush

/** Reads a push; undefined for one of somebody else, or of a type that this version does not know. */
export function readPush (text: string): PushContent | undefined {
  const value = parseJson(text)
  const [chat, seq, author] = [textOf(value, 'chat'), integerOf(value, 'seq'), fieldOf(value, 'author')]
  if (chat === undefined || seq === undefined) return undefined
  if (textOf(value, 'type') === 'read') return { type: 'read', chat, seq }
  if (textOf(value, 'type') !== 'message') return undefined
  return {
    type: 'message',
    chat,
    chat_type: textOf(value, 'chat_type') ?? '',
    chat_name: textOf(value, 'chat_name') ?? null,
    seq,
    parent: integerOf(value, 'parent') ?? null,
    author: { id: textOf(author, 'id') ?? null, name: textOf(author, 'name') ?? '' },
    text: textOf(value, 'text') ?? null,
    mentioned: fieldOf(value, 'mentioned') === true,
    unread: integerOf(value, 'unread') ?? 1,
    at: textOf(value, 'at') ?? ''
  }
}
