/**
 * What is looked for. A query is read as words that a message must all have, `"phrases"`, `-words` that it must not
 * have, and `beginnings*`; the last word is a beginning, too, so that there are results while it is typed.
 *
 * The index answers which messages may match ({@link SearchQuery.indexQuery}), the text of each decides
 * ({@link matchText}).
 */
import { ChatError } from '../errors.ts'
import { isSimilar, mayHaveErrors, SIMILAR_PREFIX_LENGTH } from './similarity.ts'
import { beginningOf, pairAt, type Word, wordsOf } from './words.ts'

const MAX_QUERY_LENGTH = 200
const MAX_PARTS = 20

/** What else a message must have. */
export type SearchFeature = 'file' | 'link'

/** A word of a query. `isPrefix` lets longer words match. */
type Part = { readonly word: Word, readonly isPrefix: boolean }

/** Parts that must follow each other; as a rule it is one. */
type Term = { readonly parts: readonly Part[], readonly isExcluded: boolean, readonly isQuoted: boolean }

/** A range of a text, in UTF-16 code units. */
export type TextRange = { start: number, end: number }

/** How a text matches: where, and how well. */
export type TextMatch = { ranges: TextRange[], score: number }

/** A query that was read. */
export type SearchQuery = {
  readonly terms: readonly Term[]
  readonly features: readonly SearchFeature[]
}

/** Stands for the key of the block in an index query; no word contains it. */
export const KEY_PLACEHOLDER = '~'

/** The entry of a feature in the index; no word begins like it. */
export const featureTerm = (feature: SearchFeature) => `+${feature}`

const [EXACT, BEGINNING, SIMILAR] = [1, 0.7, 0.4]

/** Reads a query. @throws {ChatError} `invalid_input` when there is nothing to look for */
export function parseQuery (text: string, features: readonly SearchFeature[]): SearchQuery {
  if (text.length > MAX_QUERY_LENGTH)
    throw new ChatError('invalid_input', `The parameter "q" has at most ${String(MAX_QUERY_LENGTH)} characters.`)
  const terms: Term[] = []
  for (const [chunk, minus = '', phrase, plain = ''] of text.matchAll(/(-?)(?:"([^"]*)"?|([^\s"]+))/gu)) {
    const words = wordsOf(phrase ?? plain)
    // While the last word is typed it is the beginning of one.
    const isOpen = phrase === undefined && (plain.endsWith('*') || (minus === '' && text.endsWith(chunk)))
    const parts = words.map((word, index) =>
      ({ word, isPrefix: (isOpen && index === words.length - 1) || hasEndings(word) }))
    if (parts.length > 0) terms.push({ parts, isExcluded: minus !== '', isQuoted: phrase !== undefined })
  }
  if (terms.reduce((sum, { parts }) => sum + parts.length, 0) > MAX_PARTS * 2 || terms.length > MAX_PARTS)
    throw new ChatError('invalid_input', `The parameter "q" has at most ${String(MAX_PARTS)} words.`)
  if (features.length === 0 && terms.every(({ isExcluded }) => isExcluded))
    throw new ChatError('invalid_input', 'The parameter "q" needs a word to look for.')
  return { terms, features }
}

/** Whether there is a word that {@link indexQuery} can look for with typing errors. */
export function hasSimilar ({ terms }: SearchQuery): boolean {
  return terms.some((term) => toleranceOf(term))
}

/**
 * The query of the index in the language of `tsquery`, with {@link KEY_PLACEHOLDER} before each word.
 * @param isSimilar whether words may have typing errors
 */
export function indexQuery ({ terms, features }: SearchQuery, isSimilar: boolean): string {
  const conditions = features.map((feature) => lexeme(featureTerm(feature)))
  for (const term of terms) {
    // Of an excluded phrase the words may be there: the text decides.
    if (term.isExcluded && (term.parts.length > 1 || term.parts[0]?.word.kind === 'character')) continue
    const all = term.parts.map((_, index) => partQuery(term, index, isSimilar && toleranceOf(term))).filter(Boolean)
    conditions.push(term.isExcluded ? `!(${all.join(' & ')})` : all.join(' & '))
  }
  return conditions.join(' & ')
}

/**
 * Matches the text of a message, and what else belongs to it, e.g. the names of files.
 * @returns the ranges of the text itself; undefined when it does not match
 */
export function matchText (
  { terms }: SearchQuery, text: string, others: readonly string[], mayBeSimilar: boolean
): TextMatch | undefined {
  const texts = [text, ...others].map(wordsOf)
  const ranges: TextRange[] = []
  let score = 0
  for (const term of terms) {
    const isTolerant = mayBeSimilar && toleranceOf(term)
    let best = 0
    texts.forEach((words, index) => {
      for (const match of matchTerm(term, words, isTolerant)) {
        best = Math.max(best, match.score)
        if (index === 0 && !term.isExcluded) ranges.push({ start: match.start, end: match.end })
      }
    })
    if ((best === 0) !== term.isExcluded) return undefined
    score += term.isExcluded ? 0 : best
  }
  const merged = mergeRanges(ranges)
  // More matches in a shorter text are better; the words that match count more.
  return { ranges: merged, score: score + merged.length / (merged.length + (texts[0]?.length ?? 0) + 1) }
}

function * matchTerm (
  { parts }: Term, words: readonly Word[], isTolerant: boolean
): Generator<TextRange & { score: number }> {
  for (let first = 0; first + parts.length <= words.length; first++) {
    let score = EXACT
    const isMatch = parts.every((part, offset) => {
      const word = words[first + offset]
      const partScore = word === undefined ? 0 : matchPart(part, word, isTolerant)
      score = Math.min(score, partScore)
      return partScore > 0
    })
    const last = words[first + parts.length - 1]
    if (isMatch && last !== undefined) yield { start: words[first]?.start ?? 0, end: last.end, score }
  }
}

function matchPart ({ word, isPrefix }: Part, found: Word, isTolerant: boolean): number {
  const isEqual = word.forms.some((form) => found.forms.includes(form))
  if (isEqual) return EXACT
  if (isPrefix && word.forms.some((form) => found.forms.some((other) => other.startsWith(form)))) return BEGINNING
  if (!isTolerant || found.kind !== 'word') return 0
  return word.forms.some((form) => found.forms.some((other) => isSimilar(form, other, isPrefix))) ? SIMILAR : 0
}

/** Typing errors are looked for in single words, not in what is quoted or must not be there. */
function toleranceOf ({ parts: [part, ...rest], isExcluded, isQuoted }: Term): boolean {
  const isWord = !isExcluded && !isQuoted && rest.length === 0 && part?.word.kind === 'word'
  return isWord && mayHaveErrors(part.word.forms[0] ?? '')
}

function partQuery ({ parts }: Term, index: number, isTolerant: boolean): string {
  const part = parts[index]
  if (part === undefined) return ''
  const { word: { forms, kind }, isPrefix } = part
  const [form = ''] = forms
  if (kind === 'character') {
    const words = parts.map(({ word }) => word)
    const pair = pairAt(words, index)
    if (pair !== undefined) return lexeme(pair)
    // A single character begins a pair, or was the last one of its run; the last one of several is in their pair.
    return pairAt(words, index - 1) === undefined ? lexeme(form, true) : ''
  }
  if (isTolerant) return lexeme(beginningOf(form, SIMILAR_PREFIX_LENGTH), true)
  const all = forms.map((one) => lexeme(one, isPrefix))
  return all.length === 1 ? all.join('') : `(${all.join(' | ')})`
}

function lexeme (term: string, isPrefix = false): string {
  return `'${KEY_PLACEHOLDER}${term}'${isPrefix ? ':*' : ''}`
}

/** Korean words carry particles at their ends. */
function hasEndings ({ kind, forms: [form = ''] }: Word): boolean {
  return kind === 'word' && /\p{Script=Hangul}/u.test(form)
}

function mergeRanges (ranges: readonly TextRange[]): TextRange[] {
  const merged: TextRange[] = []
  for (const { start, end } of [...ranges].sort((one, other) => one.start - other.start || one.end - other.end)) {
    const last = merged.at(-1)
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end)
    else merged.push({ start, end })
  }
  return merged
}
