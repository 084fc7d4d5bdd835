/** Rules for every text of a client before it reaches a store. */

/** Whether a text can be stored and sent unchanged: well-formed UTF-16 without NUL, which Postgres cannot store. */
export function isStorable (text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}

/** Whether every text in a parsed body or query is {@link isStorable}, names of fields included. */
export function isStorableThroughout (value: unknown): boolean {
  if (typeof value === 'string') return isStorable(value)
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([key, inner]) => isStorable(key) && isStorableThroughout(inner))
}
