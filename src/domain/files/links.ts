/**
 * Links to contents that pass through this server: what they are good for, for whom and how long, with a signature.
 * Whoever has one needs no token.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import type { Variant } from '../../files/files.ts'
import { ChatError } from '../errors.ts'

/** What a link is for. */
export type Purpose = 'upload' | Variant

/** What a link says. */
export type LinkClaims = {
  file: string
  purpose: Purpose
  /** For whom; null for a key by itself. */
  userId: number | null
  /** In milliseconds since 1970. */
  endsAt: number
}

const KEY_USE = 'links to files'
const MS_PER_S = 1_000
const Token = Compile(Type.Tuple([Type.Integer({ minimum: 0 }), Type.Integer({ minimum: 0 })]))

/** Signs links, and checks them. */
export class Links {
  readonly #keys: readonly Buffer[]

  /** @param secrets the first signs, and all are accepted */
  constructor (secrets: readonly string[]) {
    this.#keys = secrets.map((secret) => createHmac('sha256', secret).update(KEY_USE).digest())
  }

  /** The token of a link. */
  sign (claims: LinkClaims): string {
    const [key] = this.#keys
    if (key === undefined) throw new Error('There is no key to sign links with.')
    const parts = [claims.userId ?? 0, Math.ceil(claims.endsAt / MS_PER_S)]
    return `${parts.join('.')}.${signatureOf(key, claims, parts).toString('base64url')}`
  }

  /**
   * Checks the token of a link.
   * @returns for whom it is; null for a key by itself
   * @throws {ChatError} `invalid_link`
   */
  verify (token: string, about: Pick<LinkClaims, 'file' | 'purpose'>): { userId: number | null } {
    const [user = '', end = '', signature = ''] = token.split('.')
    const parts = [user, end].map((text) => (/^\d{1,15}$/.test(text) ? Number(text) : -1))
    if (!Token.Check(parts)) throw new ChatError('invalid_link')
    const given = Buffer.from(signature, 'base64url')
    const isSigned = this.#keys.some((key) => {
      const expected = signatureOf(key, about, parts)
      return given.length === expected.length && timingSafeEqual(given, expected)
    })
    const [userId, endsAtS] = parts
    if (!isSigned || endsAtS * MS_PER_S < Date.now()) throw new ChatError('invalid_link')
    return { userId: userId === 0 ? null : userId }
  }
}

function signatureOf (
  key: Buffer, { file, purpose }: Pick<LinkClaims, 'file' | 'purpose'>, parts: readonly number[]
): Buffer {
  return createHmac('sha256', key).update([purpose, file, ...parts].join('\n')).digest()
}
