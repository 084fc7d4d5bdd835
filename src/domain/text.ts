/** Rules for every text of a client before it reaches a store. */

/** Whether a text can be stored and sent unchanged: well-formed UTF-16 without NUL, which Postgres cannot store. */
export function isStorable (text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}

/**
 * A character that leaves a mark. White space and Unicode's default-ignorable code points (zero-width spaces and
 * joiners, variation selectors, Hangul fillers, tags …) leave none, nor do the blanks among symbols and letters that no
 * property names: BRAILLE PATTERN BLANK, MUSICAL SYMBOL NULL NOTEHEAD, the two blank hieroglyphs, and KHITAN SMALL
 * SCRIPT FILLER. Controls leave one (CSS Text 3, 2.1).
 */
const MARK = /[^\p{White_Space}\p{Default_Ignorable_Code_Point}\u2800\u{1D159}\u{13441}\u{13442}\u{16FE4}]/u

/**
 * Whether a text shows nothing. Characters without a mark are no error beside others: emoji, Persian and Indic scripts
 * need joiners between theirs. The client library has the same rule (`client/blank-text.ts`).
 */
export function isBlank (text: string): boolean {
  return !MARK.test(text)
}

/**
 * Whether a text can be a name, of any length: it shows something, can be stored, and has no line breaks and no
 * characters that change the direction of writing. With these a name could be displayed as something else.
 */
export function isShowable (text: string): boolean {
  return !isBlank(text) && isStorable(text) && !/[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/u.test(text)
}

/** Whether every text in a parsed body or query is {@link isStorable}, names of fields included. */
export function isStorableThroughout (value: unknown): boolean {
  if (typeof value === 'string') return isStorable(value)
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([key, inner]) => isStorable(key) && isStorableThroughout(inner))
}
