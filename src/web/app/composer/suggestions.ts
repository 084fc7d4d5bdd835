/** What completes the word at the cursor: names behind `@`, emojis behind `:`. */
import { useEffect, useState } from 'preact/hooks'
import type { Chat, Live, Members, User } from '../../../client/index.ts'
import { findEmojis, loadEmojis } from '../emoji/emoji-data.ts'
import { useSession } from '../session/context.ts'
import { useLive } from '../state/live.ts'
import { useUsers } from '../state/people.ts'

const MAX_SHOWN = 8
const MIN_EMOJI_LETTERS = 2
const NO_USERS: readonly string[] = []

/** A completion. */
export type Suggestion = {
  readonly key: string
  readonly label: string
  /** What the word becomes. */
  readonly text: string
  readonly emoji?: string
  readonly user?: User
}

/** The word at the cursor, if it can be completed. */
export type Started = { readonly sign: '@' | ':', readonly word: string, readonly from: number }

/** Finds the word that is being written. */
export function startedAt (text: string, cursor: number): Started | null {
  const match = /(?:^|[\s(])([@:])([\p{L}\p{N}_+.-]{0,32})$/u.exec(text.slice(0, cursor))
  const [, sign, word = ''] = match ?? []
  if (sign !== '@' && sign !== ':') return null
  if (sign === ':' && word.length < MIN_EMOJI_LETTERS) return null
  return { sign, word, from: cursor - word.length - 1 }
}

/** The completions of a word. */
export function useSuggestions (chat: Chat, started: Started | null): readonly Suggestion[] {
  const emojis = useEmojis(started?.sign === ':' ? started.word : null)
  const people = useMembers(chat, started?.sign === '@' ? started.word : null)
  if (started === null) return []
  return started.sign === '@' ? people : emojis
}

function useEmojis (word: string | null): readonly Suggestion[] {
  const [found, setFound] = useState<readonly Suggestion[]>([])
  useEffect(() => {
    if (word === null) return
    let isOver = false
    loadEmojis().then((emojis) => {
      if (isOver) return
      setFound(findEmojis(emojis, word, MAX_SHOWN).map(({ emoji, names }) =>
        ({ key: emoji, label: names[0] ?? '', text: emoji, emoji })))
    }, () => undefined)
    return () => {
      isOver = true
    }
  }, [word])
  return word === null ? [] : found
}

function useMembers (chat: Chat, word: string | null): readonly Suggestion[] {
  const { client } = useSession()
  const ids = useMemberIds(chat, word !== null)
  const users = useUsers(ids)
  if (word === null) return []
  const wanted = word.toLocaleLowerCase()
  return users
    .filter(({ id, name }) => id !== client.user && name.toLocaleLowerCase().includes(wanted))
    .slice(0, MAX_SHOWN)
    .map((user) => ({ key: user.id, label: user.name, text: `@${user.name}`, user }))
}

/** The members are loaded when a name is written first. */
function useMemberIds (chat: Chat, isWanted: boolean): readonly string[] {
  const [isUsed, setUsed] = useState(false)
  useEffect(() => {
    if (isWanted) setUsed(true)
  }, [isWanted])
  const { items } = useLive(isUsed ? chat.members : NO_MEMBERS)
  const ids = items.flatMap(({ user }) => user ?? [])
  return ids.length === 0 ? NO_USERS : ids
}

const NOBODY: Members = { items: [], hasMore: false, isLoading: false, problem: null }
const NO_MEMBERS: Live<Members> = {
  subscribe: () => () => undefined, getSnapshot: () => NOBODY, getInitialSnapshot: () => NOBODY
}
