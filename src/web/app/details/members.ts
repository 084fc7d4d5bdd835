/** Lists of members. Pure. */
import type { Member } from '../../../client/index.ts'

/** The other one of a direct chat; null before the members are loaded, and when the other is erased. */
export function otherOf (members: readonly Member[], me: string | null): string | null {
  return members.find(({ user }) => user !== null && user !== me)?.user ?? null
}
