/** The package has no types of its own. */
declare module 'http_ece' {
  import type { ECDH } from 'node:crypto'

  /** How a content is encrypted for a subscription of Web Push (RFC 8188, RFC 8291). */
  type Parameters = {
    version: 'aes128gcm'
    /** The public key of the subscription, in base64url. */
    dh: string
    /** Its shared secret, in base64url. */
    authSecret: string
    /** A key pair for this content alone. */
    privateKey: ECDH
    salt?: Buffer
  }
  const ece: { encrypt: (content: Buffer, parameters: Parameters) => Buffer }
  export default ece
}
