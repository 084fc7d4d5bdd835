/** How well what is typed matches a name. Pure. */

/** The kinds of a match, the best first. */
const [WHOLE_BEGINS, WORD_BEGINS, INSIDE, SCATTERED] = [0, 1, 2, 3] as const

/** A match costs so much that a part of a letter more or less does not change its kind. */
const GAP_SHARE = 1_000

/** Returns a cost, 0 for the best; null when the name does not match. The words may come in any order. */
export function fuzzyCost (query: string, name: string): number | null {
  const target = fold(name)
  const words = fold(query).split(/\s+/).filter((word) => word !== '')
  let cost = 0
  for (const word of words) {
    const own = costOfWord(word, target)
    if (own === null) return null
    cost += own
  }
  return cost
}

/** Returns the items that match, the best first, those of one cost in their order. */
export function fuzzySort<Item> (items: readonly Item[], query: string, nameOf: (item: Item) => string): Item[] {
  const costs = items.flatMap((item) => {
    const cost = fuzzyCost(query, nameOf(item))
    return cost === null ? [] : [{ item, cost }]
  })
  return costs.sort((one, other) => one.cost - other.cost).map(({ item }) => item)
}

function costOfWord (word: string, target: string): number | null {
  if (target.startsWith(word)) return WHOLE_BEGINS
  const index = target.indexOf(word)
  if (index > 0) return beginsWord(target, word) ? WORD_BEGINS : INSIDE
  return scattered(word, target)
}

function beginsWord (target: string, word: string): boolean {
  return target.split(/[^\p{L}\p{N}]+/u).some((part) => part.startsWith(word))
}

/** The letters in their order, with others between them: the fewer of these, the better. */
function scattered (word: string, target: string): number | null {
  let [position, gaps] = [-1, 0]
  for (const letter of word) {
    const next = target.indexOf(letter, position + 1)
    if (next < 0) return null
    gaps += position < 0 ? 0 : next - position - 1
    position = next
  }
  return SCATTERED + gaps / GAP_SHARE
}

/** Without accents and case. */
function fold (text: string): string {
  return text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLocaleLowerCase()
}
