/** The token of the user: asked for when there is none, again before it ends, and when the server refuses it. */
import { claimsOf } from './chatcli/access-token.ts'
import { ConfabProblem, problemOf } from './problem.ts'

/** Returns a token of the user: of your backend, signed for the user, or of a session. */
export type GetToken = () => string | Promise<string>

/** A token is replaced when this part of its life is over, but at least so long before its end. */
const USED_PART = 0.8
const MARGIN_MS = 5_000
const DEFAULT_LIFE_MS = 3_600_000

/** Keeps the token. */
export class Tokens {
  readonly #getToken: GetToken
  #token: string | undefined
  #renewAt = 0
  #asked: Promise<string> | undefined

  constructor (getToken: GetToken) {
    this.#getToken = getToken
  }

  /** When the token should be replaced, in milliseconds from now. */
  get renewInMs (): number {
    return Math.max(0, this.#renewAt - Date.now())
  }

  /** Returns a token that is good for a while. @throws {ConfabProblem} `no_token` */
  async get (): Promise<string> {
    if (this.#token !== undefined && Date.now() < this.#renewAt) return this.#token
    this.#asked ??= this.#ask().finally(() => {
      this.#asked = undefined
    })
    return this.#asked
  }

  /** Whose token it is, as the token says; undefined if there is none now, or it does not say that. */
  async subject (): Promise<string | undefined> {
    return this.get().then((token) => claimsOf(token).userID, () => undefined)
  }

  /** Notes that the server has refused a token. */
  refuse (token: string): void {
    if (this.#token === token) this.#token = undefined
  }

  async #ask (): Promise<string> {
    let token: unknown
    try {
      token = await this.#getToken()
    } catch (cause) {
      throw new ConfabProblem('no_token', `getToken failed: ${problemOf(cause).message}`, { retryable: true, cause })
    }
    if (typeof token !== 'string' || token === '')
      throw new ConfabProblem('no_token', 'getToken gave no token.', { retryable: true })
    // The clock of the device may be wrong: only the difference of the two times counts.
    const { issuedAt, expiresAt } = claimsOf(token)
    const life = expiresAt === undefined ? DEFAULT_LIFE_MS : expiresAt - (issuedAt ?? Date.now())
    this.#renewAt = Date.now() + Math.max(0, Math.min(life * USED_PART, life - MARGIN_MS))
    this.#token = token
    return token
  }
}
