/** What is said of a configuration at the start: what it is, without its secrets, and which variables look misspelt. */

/** Shorter names are too much like others: HOST and HOME. */
const MIN_LENGTH = 6

/** A variable that is set, and the one that was probably meant. */
export type UnknownVariable = { name: string, meant: string }

/** The values as they may be shown: of a secret only that there is one, of a URL nothing that logs in with it. */
export function withoutSecrets (
  values: Readonly<Record<string, unknown>>,
  secrets: ReadonlySet<string>
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      secrets.has(name) ? '(set)' : typeof value === 'string' ? value.replace(/\/\/[^/@]*@/g, '//') : value
    ])
  )
}

/** Variables that Confab does not know but for one slip. Those meant for others are nobody's business. */
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

/** How many characters have to be added, left out or changed to make one text of the other (Levenshtein). */
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
