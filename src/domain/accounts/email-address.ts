/** The rule for e-mail addresses, and the one form in which each is stored and compared. */
import { domainToASCII } from 'node:url'
import { ChatError } from '../errors.ts'

const MAX_LENGTH = 254

/** White space and invisible characters, which come along when an address is copied. */
const EDGES = /^[\p{White_Space}\p{Default_Ignorable_Code_Point}]+|[\p{White_Space}\p{Default_Ignorable_Code_Point}]+$/gu

const ADDRESS =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])$/

/** A domain with letters beyond ASCII, and nothing that the parser of URLs would take for more than a domain. */
const INTERNATIONAL_DOMAIN =
  /^(?=.*[^\0-\x7f])[\p{L}\p{M}\p{N}\p{Default_Ignorable_Code_Point}.\u3002\uff0e\uff61-]+$/u

/**
 * Returns an address without what surrounds it, with an international domain in Punycode (UTS 46): mail software
 * understands that form, and both spellings of a domain are the same address. The rest keeps its case.
 * @throws {ChatError} `invalid_email`
 */
export function cleanEmail (text: string): string {
  const email = parseEmail(text)
  if (email === undefined) throw new ChatError('invalid_email')
  return email
}

/**
 * The same, undefined for what is no address. Plain addresses only: no quoted local parts, groups or comments, which
 * mail software interprets differently.
 */
export function parseEmail (text: string): string | undefined {
  const trimmed = text.replace(EDGES, '')
  const at = trimmed.lastIndexOf('@')
  const domain = trimmed.slice(at + 1)
  const email = INTERNATIONAL_DOMAIN.test(domain) ? trimmed.slice(0, at + 1) + domainToASCII(domain) : trimmed
  return email.length <= MAX_LENGTH && ADDRESS.test(email) ? email : undefined
}
