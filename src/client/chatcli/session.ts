/** The tokens of one login, renewed automatically. */
import { claimsOf } from './access-token.ts'
import { ConfabError } from './errors.ts'
import type { CallOptions, Http, RequestOptions } from './http.ts'
import { textOf } from '../json.ts'
import { ServerClock } from './server-clock.ts'

/**
 * How long before its expiry an access token is renewed: in milliseconds, or as a part of its lifetime if that is less.
 */
const RENEW_AHEAD_MS = 60_000
const RENEW_AHEAD_PART = 0.25
/**
 * A token counts as valid for this part of its lifetime at least, whatever the clocks say, so that none is renewed
 * repeatedly.
 */
const KEPT_PART = 0.5
/**
 * How often to check whether another client of the login has stored new tokens, in milliseconds, and how many times.
 */
const SHARED_INTERVAL_MS = 50
const SHARED_LOOKS = 20

/** The result of a login. They authenticate the user. */
export type Tokens = { accessToken: string, refreshToken: string }

/** Dependencies of a session. */
export type SessionOptions = {
  http: Http
  tokens: Tokens
  /** Called with tokens that replace the former ones. */
  onTokens: (tokens: Tokens) => void
  /** Called when the server no longer accepts the session. */
  onEnd: () => void
  /** Returns the tokens stored last, if several clients share the login. */
  sharedTokens: (() => Tokens | undefined) | undefined
}

/** The tokens of a login: those of one user, from the login to its end. */
export class Session {
  readonly #options: SessionOptions
  readonly #clock = new ServerClock()
  #tokens: Tokens | undefined
  /** When the access token was received, by the device's clock; undefined if it was stored earlier. */
  #receivedAt: number | undefined
  #renewing: Promise<Tokens> | undefined

  constructor (options: SessionOptions) {
    this.#options = options
    this.#tokens = options.tokens
  }

  /** Undefined when the session has ended. */
  get tokens (): Tokens | undefined {
    return this.#tokens
  }

  /** Remaining time of the access token, in milliseconds; not positive when it must be renewed first. */
  get renewInMs (): number {
    const { issuedAt, expiresAt } = claimsOf(this.#tokens?.accessToken ?? '')
    if (issuedAt === undefined || expiresAt === undefined) return Infinity
    const life = expiresAt - issuedAt
    const left = expiresAt - Math.min(RENEW_AHEAD_MS, life * RENEW_AHEAD_PART) - this.#clock.now()
    return this.#receivedAt === undefined
      ? left
      : Math.max(left, this.#receivedAt + life * KEPT_PART - Date.now())
  }

  /** Stores the tokens of a login that the server has just answered. @param sentAt time of the request */
  receive (tokens: Tokens, sentAt: number): void {
    const { issuedAt } = claimsOf(tokens.accessToken)
    if (issuedAt !== undefined) this.#clock.learn(issuedAt, sentAt)
    this.#receivedAt = Date.now()
    this.#tokens = tokens
    this.#options.onTokens(tokens)
  }

  /** Drops the tokens. After this every request fails with `logged_out`. */
  end (): void {
    this.#tokens = undefined
  }

  /**
   * Returns an access token that is valid for a while. @throws {ConfabError} `logged_out`, or the reason why it cannot
   * be renewed
   */
  async accessToken (): Promise<string> {
    if (this.#tokens === undefined) throw loggedOut()
    if (this.renewInMs > 0) return this.#tokens.accessToken
    return (await this.renew(this.#tokens.accessToken)).accessToken
  }

  /** Sends a request as the user; when its access token is refused, the token is renewed once. */
  async request (path: string, options: RequestOptions = {}): Promise<unknown> {
    const accessToken = await this.accessToken()
    try {
      return await this.#options.http.request(path, { ...options, accessToken })
    } catch (error) {
      if (!isUnauthenticated(error)) throw error
      const renewed = await this.renew(accessToken)
      return this.#options.http.request(path, { ...options, accessToken: renewed.accessToken })
    }
  }

  /**
   * Exchanges the refresh token, once for all concurrent callers: a token that is used twice ends the session.
   * @param spent the refused access token; nothing is done when it was replaced in the meantime
   * @throws {ConfabError} `logged_out` when the session has ended
   */
  async renew (spent: string): Promise<Tokens> {
    const tokens = this.#tokens
    if (tokens === undefined) throw loggedOut()
    if (tokens.accessToken !== spent) return tokens
    this.#renewing ??= this.#exchange(tokens).finally(() => {
      this.#renewing = undefined
    })
    return this.#renewing
  }

  async #exchange (tokens: Tokens): Promise<Tokens> {
    const shared = this.#takeShared(tokens)
    if (shared !== undefined) return shared
    const sentAt = Date.now()
    try {
      const answer = await this.#options.http.request('/user/refresh-token', {
        body: { refresh_token: tokens.refreshToken }
      })
      const renewed = tokensOf(answer)
      if (this.#tokens === undefined) throw loggedOut()
      this.receive(renewed, sentAt)
      return renewed
    } catch (error) {
      if (!isUnauthenticated(error)) throw error
      const renewed = await this.#awaitShared(tokens)
      if (renewed !== undefined) return renewed
      if (this.#tokens !== undefined) {
        this.end()
        this.#options.onEnd()
      }
      throw loggedOut(error)
    }
  }

  /**
   * Returns the tokens for which another client of the login has exchanged these. Those of another user are ignored: a
   * program may store the tokens of the latest login of any user.
   */
  #takeShared (spent: Tokens): Tokens | undefined {
    const shared = this.#options.sharedTokens?.()
    if (this.#tokens === undefined || shared === undefined || shared.refreshToken === spent.refreshToken)
      return undefined
    if (claimsOf(shared.accessToken).userID !== claimsOf(spent.accessToken).userID) return undefined
    this.#tokens = shared
    this.#receivedAt = undefined
    return shared
  }

  /** The same, if the other client was so little faster that its answer may still be on the way. */
  async #awaitShared (spent: Tokens): Promise<Tokens | undefined> {
    for (let look = 0; look < SHARED_LOOKS && this.#options.sharedTokens !== undefined; look++) {
      const shared = this.#takeShared(spent)
      if (shared !== undefined) return shared
      await new Promise((resolve) => setTimeout(resolve, SHARED_INTERVAL_MS))
    }
    return undefined
  }
}

/** Logs in. @throws {ConfabError} `wrong_credentials`, `unverified`, `rate_limited` */
export async function requestTokens (
  http: Http,
  credentials: { username: string, password: string },
  options: CallOptions
): Promise<Tokens> {
  return tokensOf(await http.request('/user/login', { ...options, body: credentials }))
}

function tokensOf (answer: unknown): Tokens {
  const [accessToken, refreshToken] = [textOf(answer, 'access_token'), textOf(answer, 'refresh_token')]
  if (accessToken === undefined || refreshToken === undefined)
    throw new ConfabError('unavailable', 'The server gave no tokens.')
  return { accessToken, refreshToken }
}

function loggedOut (cause?: unknown): ConfabError {
  return new ConfabError('logged_out', 'The session has ended.', { cause })
}

function isUnauthenticated (error: unknown): boolean {
  return error instanceof ConfabError && error.status === 401
}
