/** Links in messages. A link is made only of an address that is written in the text, and shows it as it was written. */

/** A part of a text. `href` is the address of a link. */
export type TextPart = { text: string, href?: string }

const PROTOCOLS: ReadonlySet<string> = new Set(['http:', 'https:', 'mailto:'])

/** Up to the next space, bracket or quotation mark; invisible characters could show another address than is opened. */
const CANDIDATE =
  /(?<![\p{L}\p{N}])(?:https?:\/\/|mailto:|www\.)[^\s\p{Cc}\p{Default_Ignorable_Code_Point}<>"\u00ab\u00bb\u201c-\u201f]+/giu
/** Punctuation at the end belongs to the sentence. */
const SENTENCE_END = /[\p{Pf}.,;:!?'*_~\u2026\u3001\u3002\uff01\uff0c\uff1a\uff1b\uff1f]$/u
const BRACKETS = [['(', ')'], ['[', ']'], ['{', '}']] as const

/** Divides a text into links and what is between them. */
export function textParts (text: string): TextPart[] {
  const parts: TextPart[] = []
  let end = 0
  for (const match of text.matchAll(CANDIDATE)) {
    const address = withoutSentenceEnd(match[0])
    const href = hrefOf(address)
    if (href === undefined) continue
    if (match.index > end) parts.push({ text: text.slice(end, match.index) })
    parts.push({ text: address, href })
    end = match.index + address.length
  }
  if (end < text.length) parts.push({ text: text.slice(end) })
  return parts
}

/** A closing bracket belongs to the address if its opening one does. */
function withoutSentenceEnd (candidate: string): string {
  const unopened = new Map<string, number>(
    BRACKETS.map(([opening, closing]) => [closing, candidate.split(closing).length - candidate.split(opening).length])
  )
  for (let end = candidate.length; ; end--) {
    const last = candidate.charAt(end - 1)
    const excess = unopened.get(last)
    if (excess === undefined ? !SENTENCE_END.test(last) : excess <= 0) return candidate.slice(0, end)
    if (excess !== undefined) unopened.set(last, excess - 1)
  }
}

/** Addresses with a username pretend to lead to another host: `https://bank.example@evil.example`. */
function hrefOf (address: string): string | undefined {
  const url = parseUrl(/^www\./i.test(address) ? `https://${address}` : address)
  if (url === undefined || !PROTOCOLS.has(url.protocol) || url.username !== '' || url.password !== '') return undefined
  return url.protocol !== 'mailto:' || url.pathname.includes('@') ? url.href : undefined
}

function parseUrl (text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}
