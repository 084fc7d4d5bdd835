/** Which words are taken for typing errors of each other. */

/** So many letters at the beginning of a word must be right: the index finds words by them. */
export const SIMILAR_PREFIX_LENGTH = 2
/** A word of so many letters may have an error, and a longer one two. */
const [ONE_ERROR_LENGTH, TWO_ERRORS_LENGTH] = [4, 8]

/**
 * Whether two words differ by few letters that are missing, added, wrong or swapped.
 * @param isPrefix whether the word that is looked for may be the beginning of the other
 */
export function isSimilar (wanted: string, found: string, isPrefix: boolean): boolean {
  const allowed = errorsIn(wanted)
  if (allowed === 0 || !found.startsWith(wanted.slice(0, SIMILAR_PREFIX_LENGTH))) return false
  if (distance(wanted, found, allowed) <= allowed) return true
  if (!isPrefix) return false
  for (let length = wanted.length - allowed; length <= wanted.length + allowed; length++)
    if (length < found.length && distance(wanted, found.slice(0, length), allowed) <= allowed) return true
  return false
}

/** Whether a word is long enough to have errors. */
export function mayHaveErrors (word: string): boolean {
  return errorsIn(word) > 0
}

function errorsIn (word: string): number {
  return word.length < ONE_ERROR_LENGTH ? 0 : word.length < TWO_ERRORS_LENGTH ? 1 : 2
}

/** The distance of Damerau and Levenshtein (optimal string alignment); anything above `most` when it is more. */
function distance (one: string, other: string, most: number): number {
  if (Math.abs(one.length - other.length) > most) return most + 1
  let before: number[] = []
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let i = 1; i <= one.length; i++) {
    const next = [i]
    for (let j = 1; j <= other.length; j++) {
      const isSame = one[i - 1] === other[j - 1]
      let least = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (isSame ? 0 : 1))
      if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1])
        least = Math.min(least, (before[j - 2] ?? 0) + 1)
      next.push(least)
    }
    before = row
    row = next
  }
  return row[other.length] ?? 0
}
