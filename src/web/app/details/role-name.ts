/** The names of roles. */
import { words } from '../words/more.ts'

/** The name of a role; an application's own has none but itself. */
export function roleName (role: string): string {
  return new Map<string, string>(Object.entries(words.value.details.roles)).get(role) ?? role
}
