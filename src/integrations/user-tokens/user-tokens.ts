/**
 * Tokens that the application signs for its users (JWT, RFC 7519): with a secret that it shares with this server, or
 * with a private key whose public half is in its key set.
 */
import { type Algorithm, createDecoder, createSigner, createVerifier, TokenError } from 'fast-jwt'
import Type, { type Static } from 'typebox'
import Value from 'typebox/value'
import { parseChatClaim } from '../../domain/accounts/chat-claim.ts'
import type { UserClaims } from '../../domain/accounts/application-users.ts'
import { ChatError } from '../../domain/errors.ts'
import { KeySet } from './key-set.ts'

/** How far the clocks of the application and of this server may differ, in milliseconds. */
const LEEWAY_MS = 5_000
const MS_PER_S = 1_000
/** A longer token is refused without decoding it. */
const MAX_LENGTH = 8_192
const Header = Type.Object({ alg: Type.String(), kid: Type.Optional(Type.String()) })
const Decoded = Type.Object({ header: Header })

const Claims = Type.Object({
  sub: Type.String(),
  exp: Type.Number(),
  iat: Type.Optional(Type.Number()),
  name: Type.Optional(Type.String()),
  picture: Type.Optional(Type.String()),
  chats: Type.Optional(Type.Unknown())
})

/** Who may sign tokens, and for whom. */
export type UserTokenSettings = {
  /** Secrets of HS256: the first signs trial tokens, and all are accepted. */
  secrets: readonly string[]
  /** The path or the URL of a key set. */
  keySet: string | undefined
  /** Required values of `iss` and `aud`. */
  issuer: string | undefined
  audience: string | undefined
}

/** Verifies tokens of the application. */
export class UserTokens {
  readonly #settings: UserTokenSettings
  readonly #keySet: KeySet | undefined
  readonly #decode = createDecoder({ complete: true })

  constructor (settings: UserTokenSettings, log: { warn: (details: object, message: string) => void }) {
    this.#settings = settings
    this.#keySet = settings.keySet === undefined ? undefined : new KeySet(settings.keySet, log)
  }

  /** Whether the application may sign tokens at all. */
  get isConfigured (): boolean {
    return this.#settings.secrets.length > 0 || this.#keySet !== undefined
  }

  /**
   * Returns the claims of a token whose signature, times, issuer and audience are right.
   * @throws {ChatError} `unauthenticated`
   */
  async verify (token: string): Promise<UserClaims> {
    if (token.length > MAX_LENGTH) throw new ChatError('unauthenticated')
    const { alg, kid } = this.#headerOf(token)
    let cause: unknown
    for (const { key, algorithm } of await this.#keysFor(alg, kid)) {
      try {
        const claims: unknown = createVerifier({ ...this.#rules(), key, algorithms: [algorithm] })(token)
        if (Value.Check(Claims, claims)) return toUserClaims(claims)
      } catch (error) {
        if (!(error instanceof TokenError)) throw error
        cause ??= error
      }
    }
    throw new ChatError('unauthenticated', undefined, { cause })
  }

  /** The keys that a token may be signed with. The algorithm is that of the key; the header only selects among them. */
  async #keysFor (alg: string, kid: string | undefined): Promise<{ key: string, algorithm: Algorithm }[]> {
    if (alg === 'HS256') return this.#settings.secrets.map((key) => ({ key, algorithm: 'HS256' }))
    const keys = await this.#keySet?.find(kid) ?? []
    return keys.filter(({ algorithm }) => algorithm === alg).map(({ pem, algorithm }) => ({ key: pem, algorithm }))
  }

  #rules () {
    const { issuer, audience } = this.#settings
    return {
      clockTolerance: LEEWAY_MS,
      requiredClaims: ['exp', ...(issuer === undefined ? [] : ['iss']), ...(audience === undefined ? [] : ['aud'])],
      ...(issuer !== undefined && { allowedIss: issuer }),
      ...(audience !== undefined && { allowedAud: audience })
    }
  }

  #headerOf (token: string): Static<typeof Header> {
    try {
      const decoded: unknown = this.#decode(token)
      if (Value.Check(Decoded, decoded)) return decoded.header
    } catch (error) {
      if (!(error instanceof TokenError)) throw error
    }
    throw new ChatError('unauthenticated')
  }
}

/** @throws {ChatError} `unauthenticated` when it is not clear what the token is narrowed to */
function toUserClaims ({ sub, exp, iat = 0, name, picture, chats: claim }: Static<typeof Claims>): UserClaims {
  const chats = claim === undefined ? undefined : parseChatClaim(claim)
  if (claim !== undefined && chats === undefined)
    throw new ChatError('unauthenticated', undefined, { detail: 'the claim chats has a wrong form' })
  return { sub, name, picture, chats, issuedAt: Math.max(0, Math.floor(iat)), endMs: exp * MS_PER_S + LEEWAY_MS }
}

/** Signs a token for a trial, as an application would. @param lifeMs its lifetime in milliseconds */
export function signTrialToken (
  userId: string, { secrets: [key = ''], issuer, audience }: UserTokenSettings, lifeMs: number
): string {
  const sign = createSigner({
    key,
    algorithm: 'HS256',
    expiresIn: lifeMs,
    ...(issuer !== undefined && { iss: issuer }),
    ...(audience !== undefined && { aud: audience })
  })
  return sign({ sub: userId })
}
