/**
 * What this process knows of revoked tokens: a look-up that was in flight during a revocation must not bring a token
 * back, and sockets have to be closed.
 */
import { parseTokenCredential } from './principal.ts'

const MS_PER_S = 1_000
/** How long a revocation is remembered: longer than any look-up that may be in flight, in milliseconds. */
const MEMORY_MS = 30_000

/** Called with a test for the credentials that were revoked. */
export type RevocationListener = (isRevoked: (credentialId: string) => boolean) => void

/** Recent revocations of tokens. */
export class TokenRevocations {
  /** By user: until when tokens are refused, and when to forget. */
  readonly #recent = new Map<number, { untilMs: number, forgetMs: number }>()
  #listener: RevocationListener = () => undefined

  /** Calls `listener` whenever tokens were revoked, here or on another replica. */
  onRevoked (listener: RevocationListener): void {
    this.#listener = listener
  }

  /** Handles tokens of a user that were revoked, here or on another replica. */
  note (userId: number, untilMs: number): void {
    const now = Date.now()
    for (const [id, { forgetMs }] of this.#recent) {
      if (forgetMs > now) break
      this.#recent.delete(id)
    }
    this.#recent.set(userId, { untilMs, forgetMs: now + MEMORY_MS })
    this.#listener((credentialId) => {
      const token = parseTokenCredential(credentialId)
      return token?.userId === userId && token.issuedAt * MS_PER_S <= untilMs
    })
  }

  /** Until when the tokens of a user are refused, as far as is remembered; in milliseconds since 1970. */
  untilMs (userId: number): number {
    return this.#recent.get(userId)?.untilMs ?? -1
  }
}
