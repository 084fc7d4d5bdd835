/**
 * The words of a text, as they are indexed and as they are looked for. Both sides must come to the same words on every
 * replica, so that nothing here depends on the version of ICU: regular expressions on the properties of characters, and
 * no dictionary. Languages without spaces are cut into pairs of characters.
 */

/** A word of a text, an emoji, or one character of a script without spaces. */
export type Word = {
  /** Its place in the text, in UTF-16 code units. */
  readonly start: number
  readonly end: number
  /** Its folded forms, the first of which is that without diacritics. */
  readonly forms: readonly string[]
  readonly kind: 'word' | 'character' | 'emoji'
}

/**
 * Longer words, and emoji of more parts, are found by so many of their first characters: Postgres takes no word of more
 * than 2,046 bytes, and one message that cannot be indexed would hold up its chat.
 */
const MAX_WORD_LENGTH = 40

const WITHOUT_SPACES =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}' +
  '\\p{Script=Myanmar}\\u30fc\\uff70'
const HALF_WIDTH_MARKS = '\\uff9e\\uff9f'
const PICTURE = '\\p{Extended_Pictographic}[\\ufe0f\\u{1f3fb}-\\u{1f3ff}]*'
const PATTERN = new RegExp(
  `(?<emoji>${PICTURE}(?:\\u200d${PICTURE})*|\\p{Regional_Indicator}{2}|[0-9#*]\\ufe0f?\\u20e3)` +
  `|(?<character>[${WITHOUT_SPACES}])[\\p{M}${HALF_WIDTH_MARKS}]*` +
  `|(?:(?![${WITHOUT_SPACES}])[\\p{L}\\p{N}\\p{M}])+`,
  'gu'
)
const IS_ASCII_WORD = /^[a-z0-9]*$/
/** Accents of Latin, Greek and Cyrillic letters, points of Hebrew and Arabic; no mark that makes another letter. */
const ACCENTS = /[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]/g
const SKIN_AND_STYLE = /[\ufe0f\u{1f3fb}-\u{1f3ff}]/gu
/** Letters that Unicode does not take apart. */
const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', đ: 'd', ð: 'd', ł: 'l', þ: 'th', ı: 'i', ħ: 'h', ŧ: 't', ŋ: 'n'
}
const LETTERS_PATTERN = new RegExp(`[${Object.keys(LETTERS).join('')}]`, 'g')
/** How umlauts are written where there is no key for them. */
const UMLAUTS: Readonly<Record<string, string>> = { ä: 'ae', ö: 'oe', ü: 'ue' }
const UMLAUTS_PATTERN = /[äöü]/g

/** Returns the words of a text, in their order. */
export function wordsOf (text: string): Word[] {
  const words: Word[] = []
  for (const match of text.matchAll(PATTERN)) {
    const [found] = match
    const { emoji, character } = match.groups ?? {}
    const place = { start: match.index, end: match.index + found.length }
    if (emoji !== undefined) {
      const form = beginningOf(emoji.replace(SKIN_AND_STYLE, ''), MAX_WORD_LENGTH)
      words.push({ ...place, kind: 'emoji', forms: [form] })
    } else {
      const kind = character === undefined ? 'word' : 'character'
      const forms = foldedForms(found)
      if (forms[0] !== '') words.push({ ...place, kind, forms })
    }
  }
  return words
}

/**
 * Returns what is indexed of words: their forms; of neighbouring characters of a script without spaces the pairs, and
 * the last one alone.
 */
export function indexTerms (words: readonly Word[]): Set<string> {
  const terms = new Set<string>()
  words.forEach((word, index) => {
    if (word.kind === 'character') terms.add(pairAt(words, index) ?? word.forms[0] ?? '')
    else for (const form of word.forms) terms.add(form)
  })
  return terms
}

/** The pair of characters that begins at a word; undefined when no character follows at once. */
export function pairAt (words: readonly Word[], index: number): string | undefined {
  const [word, next] = [words[index], words[index + 1]]
  if (word?.kind !== 'character' || next?.kind !== 'character' || next.start !== word.end) return undefined
  return `${word.forms[0] ?? ''}${next.forms[0] ?? ''}`
}

/** Lower case, without compatibility forms and accents; a second form has `ae` for `ä`. */
function foldedForms (text: string): string[] {
  const lower = text.toLowerCase()
  if (IS_ASCII_WORD.test(lower)) return [lower.slice(0, MAX_WORD_LENGTH)]
  const composed = lower.normalize('NFKC').toLowerCase()
  const folded = fold(composed)
  const written = fold(composed.replace(UMLAUTS_PATTERN, (letter) => UMLAUTS[letter] ?? letter))
  return written === folded ? [folded] : [folded, written]
}

function fold (text: string): string {
  const plain = text.replace(LETTERS_PATTERN, (letter) => LETTERS[letter] ?? letter)
  const bare = plain.normalize('NFD').replace(ACCENTS, '').normalize('NFC')
  return beginningOf(bare.replace(/[^\p{L}\p{N}\p{M}]/gu, ''), MAX_WORD_LENGTH)
}

/** The first characters of a word, none of them cut in half. */
export function beginningOf (word: string, length: number): string {
  return Array.from(word).slice(0, length).join('')
}
