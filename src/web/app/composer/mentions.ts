/** Whom a text mentions: those who were chosen behind an `@`, as long as their names are still in it. */

/** The sign that tells all members. */
const ALL = '@all'

/** The users who were chosen while a text was written, by name. */
export type ChosenUsers = ReadonlyMap<string, string>

/**
 * Returns the ids of those who are mentioned, and `@all`. A name ends where its word does, and of two of which one
 * begins with the other the longer one counts.
 */
export function mentionsIn (text: string, chosen: ChosenUsers): string[] {
  let rest = text
  const ids: string[] = []
  for (const [name, id] of [...chosen].sort(([one], [other]) => other.length - one.length)) {
    const parts = splitAt(rest, `@${name}`)
    if (parts.length > 1) ids.push(id)
    rest = parts.join(' ')
  }
  return /(?:^|\s)@all\b/.test(text) ? [...ids, ALL] : ids
}

/** The parts of a text around a name, which is not the beginning of a longer word. */
function splitAt (text: string, name: string): string[] {
  const parts: string[] = []
  let begin = 0
  for (let at = text.indexOf(name); at !== -1; at = text.indexOf(name, at + 1)) {
    const end = at + name.length
    if (/^[\p{L}\p{N}_]/u.test(text.slice(end))) continue
    parts.push(text.slice(begin, at))
    begin = end
  }
  return [...parts, text.slice(begin)]
}
