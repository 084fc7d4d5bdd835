/**
 * Texts that are stored encrypted (AES-256-GCM, NIST SP 800-38D) because they are needed again, such as secrets to sign
 * with. Whoever has the database alone cannot read them.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

const ALGORITHM = 'aes-256-gcm'
const [KEY_BYTES, NONCE_BYTES, TAG_BYTES] = [32, 12, 16]

/** Encrypts and decrypts texts of one purpose. */
export class SealedTexts {
  readonly #keys: Buffer[]

  /**
   * @param secrets the first encrypts, and each decrypts
   * @param purpose makes the keys others than those of other purposes
   */
  constructor (secrets: readonly string[], purpose: string) {
    this.#keys = secrets.map((secret) => Buffer.from(hkdfSync('sha256', secret, '', purpose, KEY_BYTES)))
  }

  /** Encrypts a text. @param place what it belongs to: elsewhere it cannot be decrypted */
  seal (text: string, place: string): string {
    const [key] = this.#keys
    if (key === undefined) throw new Error('There is no key to encrypt with.')
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(Buffer.from(place))
    return Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]).toString('base64')
  }

  /** Decrypts a text, and says whether by the first key; undefined when no key is the right one. */
  open (sealed: string, place: string): { text: string, isCurrent: boolean } | undefined {
    const bytes = Buffer.from(sealed, 'base64')
    for (const [index, key] of this.#keys.entries()) {
      try {
        const cipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
          .setAAD(Buffer.from(place))
          .setAuthTag(bytes.subarray(-TAG_BYTES))
        const text = Buffer.concat([cipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), cipher.final()]).toString()
        return { text, isCurrent: index === 0 }
      } catch {
        continue
      }
    }
    return undefined
  }
}
