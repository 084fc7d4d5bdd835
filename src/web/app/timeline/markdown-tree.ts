/** Reads markdown. Pure. */
import type { Nodes, Root } from 'mdast'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { gfmAutolinkLiteralFromMarkdown } from 'mdast-util-gfm-autolink-literal'
import { gfmStrikethroughFromMarkdown } from 'mdast-util-gfm-strikethrough'
import { gfmAutolinkLiteral } from 'micromark-extension-gfm-autolink-literal'
import { gfmStrikethrough } from 'micromark-extension-gfm-strikethrough'

const OPTIONS = {
  extensions: [
    gfmAutolinkLiteral(), gfmStrikethrough({ singleTilde: false }), { disable: { null: ['setextUnderline'] } }
  ],
  mdastExtensions: [gfmAutolinkLiteralFromMarkdown(), gfmStrikethroughFromMarkdown()]
}
/** A text without any of these is a text. */
const SYNTAX = /[*_`~[<&\\@]|:\/\/|www\.|^\s*(?:[#>+-]|\d+[.)])/im
/**
 * A line in more than ten quotations and lists. The parser takes seconds for a line of hundreds, and overflows the
 * stack with one of thousands.
 */
const TOO_DEEP = /^(?:[ \t]*(?:>|(?:[-+*]|\d{1,9}[.)])(?:[ \t]|$))){11}/m
/** Emphasis in emphasis: the time for the signs at a word grows with their square. */
const TOO_STRONG = /[*_~]{40}[^\s*_~]|[^\s*_~][*_~]{40}/
/** Elements within elements: rendering takes stack for each. */
const MAX_DEPTH = 40

/** Returns the tree; null for a text that is shown as it was written: it has no signs, or is made to hurt the page. */
export function readMarkdown (text: string): Root | null {
  if (!SYNTAX.test(text) || TOO_DEEP.test(text) || TOO_STRONG.test(text)) return null
  const root = fromMarkdown(text, OPTIONS)
  return isDeeper(root, MAX_DEPTH) ? null : root
}

function isDeeper (root: Nodes, depth: number): boolean {
  let level: readonly Nodes[] = [root]
  for (let passed = 0; passed <= depth && level.length > 0; passed++)
    level = level.flatMap((node) => 'children' in node ? node.children : [])
  return level.length > 0
}
