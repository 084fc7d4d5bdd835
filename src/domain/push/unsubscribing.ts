/**
 * Links that end the mails of a user about unread messages without a login: a signature over the number of the user.
 * They have no end, since mails are kept for years, and are good for nothing else.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { ChatError } from '../errors.ts'

const KEY_USE = 'confab unsubscribe links'
const FORM = /^([1-9]\d{0,15})_([A-Za-z0-9_-]{43})$/

/** Signs the tokens of links, and checks them. */
export class UnsubscribeTokens {
  readonly #keys: readonly Buffer[]

  /** @param secrets the first signs, and all are accepted */
  constructor (secrets: readonly string[]) {
    this.#keys = secrets.map((secret) => createHmac('sha256', secret).update(KEY_USE).digest())
  }

  /** The token of the link of a user. */
  sign (userId: number): string {
    const [key] = this.#keys
    if (key === undefined) throw new Error('There is no key to sign links with.')
    return `${String(userId)}_${signatureOf(key, String(userId)).toString('base64url')}`
  }

  /** Returns the user of a token. @throws {ChatError} `invalid_link` */
  verify (token: string): number {
    const [, userId = '', signature = ''] = FORM.exec(token) ?? []
    const given = Buffer.from(signature, 'base64url')
    const isSigned = this.#keys.some((key) => {
      const expected = signatureOf(key, userId)
      return given.length === expected.length && timingSafeEqual(given, expected)
    })
    if (!isSigned) throw new ChatError('invalid_link')
    return Number(userId)
  }
}

function signatureOf (key: Buffer, userId: string): Buffer {
  return createHmac('sha256', key).update(userId).digest()
}
