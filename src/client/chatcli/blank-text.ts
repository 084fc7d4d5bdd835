/** Texts that show nothing, which the server refuses. */

/** A character that leaves a mark; the same as in `domain/text.ts`, which says what the others are. */
const MARK = /[^\p{White_Space}\p{Default_Ignorable_Code_Point}\u2800\u{1D159}\u{13441}\u{13442}\u{16FE4}]/u

/** Whether a text shows nothing: it is empty, or has only spaces, zero-width characters and the like. */
export function isBlank (text: string): boolean {
  return !MARK.test(text)
}
