/** Names of users. */
import { useEffect, useReducer } from 'preact/hooks'
import type { User } from '../../../client/index.ts'
import { useSession } from '../session/context.ts'
import { words } from '../words/index.ts'
import { latestOf, useKnownUser } from './known-people.ts'
import { useLive } from './live.ts'

/** A user by its id; null before it is loaded, and for one that is erased. */
export function useUser (id: string | null): User | null {
  return useKnownUser(id ?? '', useLive(useSession().client.userOf(id ?? '')))
}

/** The name to show of a user. */
export function useName (id: string | null): string {
  return nameOf(id, useUser(id))
}

/** The name to show of a user, as far as it is loaded. */
export function nameOf (id: string | null, user: User | null): string {
  return id === null ? words.value.people.erased : user?.name ?? words.value.people.loading
}

/** Several users, as far as they are loaded. */
export function useUsers (ids: readonly string[]): readonly User[] {
  const { client } = useSession()
  const [, render] = useReducer((count: number) => count + 1, 0)
  useEffect(() => {
    const ends = ids.map((id) => client.userOf(id).subscribe(() => render(undefined)))
    return () => {
      for (const end of ends) end()
    }
  }, [ids.join()])
  return ids.flatMap((id) => latestOf(id, client.userOf(id).getSnapshot()) ?? [])
}

/** A number that stays the same for a user, for the colour of its avatar. */
export function hueOf (id: string): number {
  let hash = 2_166_136_261
  for (const letter of id) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 16_777_619) >>> 0
  // Ids that differ in their last digit alone get colours far from each other.
  return Math.round((hash / 2 ** 32) * 997_000) % 360
}

const initials = new Map<string, string>()
const MAX_INITIALS = 1_000
const segmenter = new Intl.Segmenter()

/** The letters of an avatar without a picture. */
export function initialsOf (name: string): string {
  const known = initials.get(name)
  if (known !== undefined) return known
  if (initials.size >= MAX_INITIALS) initials.clear()
  const made = makeInitials(name)
  initials.set(name, made)
  return made
}

function makeInitials (name: string): string {
  const parts = name.trim().split(/[\s._-]+/u).filter((part) => part !== '')
  const letters = [parts[0], parts.length > 1 ? parts.at(-1) : undefined].map(firstLetter)
  return letters.join('').toLocaleUpperCase()
}

/** A letter may be several characters, e.g. with an accent. */
function firstLetter (word: string | undefined): string {
  const [first] = segmenter.segment(word ?? '')
  return first?.segment ?? ''
}
