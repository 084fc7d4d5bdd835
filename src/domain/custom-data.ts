/** JSON of the application's own, which is stored and returned with users and never looked into. */
import { ChatError } from './errors.ts'
import { isStorable } from './text.ts'

const MAX_BYTES = 8_192
const MAX_LEVELS = 16

/** Checks an object of the application. @throws {ChatError} `invalid_input` */
export function checkCustomData (data: Record<string, unknown>): void {
  if (!isUsable(data, MAX_LEVELS)) {
    throw new ChatError(
      'invalid_input',
      'The field "data" has more than 16 levels, a name "__proto__", or characters that cannot be stored.'
    )
  }
  if (Buffer.byteLength(JSON.stringify(data)) > MAX_BYTES)
    throw new ChatError('invalid_input', 'The field "data" has more than 8 KiB.')
}

function isUsable (value: unknown, levels: number): boolean {
  if (typeof value === 'string') return isStorable(value)
  if (typeof value !== 'object' || value === null) return true
  if (levels === 0) return false
  return Object.entries(value).every(([name, inner]) =>
    name !== '__proto__' && isStorable(name) && isUsable(inner, levels - 1)
  )
}
