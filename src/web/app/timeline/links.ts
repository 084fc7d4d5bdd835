/** Addresses of links in messages. Pure. */

const PROTOCOLS: ReadonlySet<string> = new Set(['http:', 'https:', 'mailto:'])
/** Signs that turn the direction: a text may look like any other with them. */
const TURNING = /[\u202a-\u202e\u2066-\u2069]/u
const INVISIBLE = /[\p{Cc}\p{Default_Ignorable_Code_Point}]/u
const INVISIBLES = new RegExp(INVISIBLE, 'gu')
const ADDRESS = /^(?:https?:\/\/|www\.)|^[\p{L}\p{M}\p{N}_-]+(?:\.[\p{L}\p{M}\p{N}_-]+)*\.\p{L}{2,}(?:[/:?#]|$)/iu

/**
 * The address that a link leads to; undefined for one that must not be a link. Addresses with a username pretend to
 * lead to another host: `https://bank.example@evil.example`.
 */
export function hrefOf (address: string): string | undefined {
  if (INVISIBLE.test(address)) return undefined
  const url = parseUrl(/^www\./i.test(address) ? `https://${address}` : address)
  if (url === undefined || !PROTOCOLS.has(url.protocol) || url.username !== '' || url.password !== '') return undefined
  return url.protocol !== 'mailto:' || url.pathname.includes('@') ? url.href : undefined
}

/** Whether the text of a link looks like the address of another host than it leads to. */
export function isDeceptive (shown: string, href: string): boolean {
  if (TURNING.test(shown)) return true
  const text = shown.replaceAll(INVISIBLES, '').trim()
  if (/\s/.test(text) || !ADDRESS.test(text)) return false
  const pretended = parseUrl(/^https?:/i.test(text) ? text : `https://${text}`)
  return pretended !== undefined && pretended.host !== parseUrl(href)?.host
}

function parseUrl (text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}
