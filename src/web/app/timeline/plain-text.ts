/** A text without the signs of its markdown, for a line of it. Pure. */

/** What begins a line: a heading, a quotation, an item of a list. */
const LINE_SIGNS = /^[ \t]*(?:#{1,6}|>+|[-+*]|\d{1,9}[.)])[ \t]+/gm
/** Signs at the edge of a word; within one, as in `snake_case`, they mean nothing. */
const WORD_SIGNS = /(?<![\p{L}\p{N}])[*_~`]+|[*_~`]+(?![\p{L}\p{N}])/gu

/** Returns the first words. */
export function plainText (text: string, length = 200): string {
  return withoutMarks(text.slice(0, length)).replaceAll(/\s+/g, ' ').trim()
}

/** Returns a text, or a piece of one, without the signs, and with its spaces. */
export function withoutMarks (text: string): string {
  return text.replaceAll(LINE_SIGNS, '').replaceAll(WORD_SIGNS, '')
}
