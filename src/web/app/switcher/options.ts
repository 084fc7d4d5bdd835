/** What the quick switcher offers. Pure. */
import type { ChatInfo, User } from '../../../client/index.ts'
import { chatName } from '../state/chats.ts'
import { fuzzySort } from './fuzzy.ts'

/** So many are shown. */
const MAX_OPTIONS = 12

/** A chat, or a person to talk to. */
export type Option =
  | { readonly kind: 'chat', readonly id: string, readonly name: string, readonly chat: ChatInfo }
  | { readonly kind: 'person', readonly id: string, readonly name: string, readonly user: User }

/**
 * The chats whose names match, then people. Without a query the chats that were active last, without the open one: it
 * is no place to go to.
 */
export function optionsOf (
  chats: readonly ChatInfo[], people: readonly User[], { query, open }: { query: string, open: string | undefined }
): Option[] {
  const known = chats.map((chat): Option => ({ kind: 'chat', id: chat.id, name: chatName(chat), chat }))
  if (query.trim() === '') return known.filter(({ id }) => id !== open).slice(0, MAX_OPTIONS)
  const found = fuzzySort(known, query, ({ name }) => name)
  const direct = new Set(chats.filter(({ type }) => type === 'direct').map(chatName))
  // Whoever one talks to already is there as a chat.
  // People that were found for what was typed before may still be shown.
  const others = fuzzySort(people, query, ({ name }) => name)
    .filter(({ name }) => !direct.has(name))
    .map((user): Option => ({ kind: 'person', id: user.id, name: user.name, user }))
  return [...found, ...others].slice(0, MAX_OPTIONS)
}
