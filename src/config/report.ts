/** Reports the configuration at the start: its values without secrets, and variables that look misspelt. */

/** Shorter names are too similar to others, such as HOST and HOME. */
const MIN_LENGTH = 6

/** A variable that is set, and the one that was probably meant. */
export type UnknownVariable = { name: string, meant: string }

/** Values that can be logged: secrets are replaced, and credentials are removed from URLs. */
export function withoutSecrets (
  values: Readonly<Record<string, unknown>>,
  secrets: ReadonlySet<string>
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      if (secrets.has(name) || String(value).startsWith('-----BEGIN')) return [name, '(set)']
      return [name, typeof value === 'string' ? value.replace(/\/\/[^/@]*@/g, '//') : value]
    })
  )
}

/** Finds unknown variables that differ from a known one by one edit. Others are meant for other programs. */
export function suggestVariables (set: readonly string[], known: readonly string[]): UnknownVariable[] {
  return set
    .filter((name) => name.length >= MIN_LENGTH && !known.includes(name))
    .flatMap((name) => {
      const meant = known.find(
        (candidate) => !set.includes(candidate) && editDistance(name.toUpperCase(), candidate) <= 1
      )
      return meant === undefined ? [] : [{ name, meant }]
    })
}

/** Levenshtein distance: the number of characters to insert, delete or replace. */
function editDistance (one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [index, char] of Array.from(one).entries()) {
    const next = [index + 1]
    for (const [place, wanted] of Array.from(other).entries()) {
      next.push(
        Math.min((next[place] ?? 0) + 1, (row[place + 1] ?? 0) + 1, (row[place] ?? 0) + Number(char !== wanted))
      )
    }
    row = next
  }
  return row.at(-1) ?? 0
}
