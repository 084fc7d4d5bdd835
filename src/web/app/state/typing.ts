/** Who is typing, as a sentence. */
import { words } from '../words/index.ts'
import { useName } from './people.ts'

/** The sentence; null when nobody is typing. */
export function useTypingText (users: readonly string[]): string | null {
  const [first = null, second = null] = users
  const names = [useName(first), useName(second)] as const
  const { typing } = words.value
  if (users.length === 0) return null
  if (users.length === 1) return typing.one(names[0])
  return users.length === 2 ? typing.two(...names) : typing.many(users.length)
}
