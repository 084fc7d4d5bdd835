/** Rules that every text of a client obeys before it reaches a store. */

/** Whether a text can be stored and sent as it is: well-formed UTF-16 without NUL, which Postgres cannot hold. */
export function isStorable (text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}
