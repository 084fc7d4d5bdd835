/** The token and the username of a mailed link, which come in a query string or a form. */
import { isStorable } from '../../../domain/text.ts'

/** The parts of a link. */
export type AccountLink = { token: string, username: string }

/** Reads a link from the first of some places that has its parts; undefined when one is missing. */
export function linkOf (...places: unknown[]): AccountLink | undefined {
  const [token, username] = (['token', 'username'] as const).map((name) =>
    places.map((place) => fieldOf(place, name)).find((value) => value !== undefined)
  )
  return isFilled(token) && isFilled(username) ? { token, username } : undefined
}

function fieldOf (fields: unknown, name: string): string | undefined {
  if (typeof fields !== 'object' || fields === null) return undefined
  const value: unknown = Reflect.get(fields, name)
  return typeof value === 'string' ? value : undefined
}

function isFilled (value: string | undefined): value is string {
  return value !== undefined && value !== '' && isStorable(value)
}
