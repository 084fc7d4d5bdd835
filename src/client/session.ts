/** The tokens of one login, renewed by themselves. */
import { ConfabError } from './errors.ts'
import { type CallOptions, type Http, type RequestOptions, integerOf, textOf } from './http.ts'

/**
 * An access token that ends sooner is renewed first: in milliseconds, or as a part of its whole life if that is less.
 */
const RENEW_AHEAD_MS = 60_000
const RENEW_AHEAD_PART = 0.25
/**
 * How often to look whether somebody else who shares the login has kept new tokens, in milliseconds, and how many
 * times.
 */
const SHARED_INTERVAL_MS = 50
const SHARED_LOOKS = 20

/** What a login gives. Whoever has them is the user. */
export type Tokens = { accessToken: string, refreshToken: string }

/** What a session needs from around it. */
export type SessionOptions = {
  http: Http
  tokens: Tokens | undefined
  /** Who wants to know of changes of the tokens; undefined after a logout. */
  onTokens: (tokens: Tokens | undefined) => void
  /** The tokens that were kept last, where several clients share the login. */
  sharedTokens: (() => Tokens | undefined) | undefined
}

/** A login. */
export class Session {
  readonly #options: SessionOptions
  #tokens: Tokens | undefined
  #renewing: Promise<Tokens> | undefined

  constructor (options: SessionOptions) {
    this.#options = options
    this.#tokens = options.tokens
  }

  get tokens (): Tokens | undefined {
    return this.#tokens
  }

  /** When the access token should be renewed, in milliseconds since 1970. */
  get renewAt (): number {
    const { expiresAt, life } = lifeOf(this.#tokens?.accessToken ?? '')
    return expiresAt === Infinity ? Infinity : expiresAt - Math.min(RENEW_AHEAD_MS, life * RENEW_AHEAD_PART)
  }

  /** Takes new tokens, or forgets those there are. */
  set (tokens: Tokens | undefined): void {
    this.#tokens = tokens
    this.#options.onTokens(tokens)
  }

  /**
   * An access token that is good for a while. @throws {ConfabError} `logged_out`, or what keeps it from being renewed
   */
  async accessToken (): Promise<string> {
    if (this.#tokens === undefined) throw new ConfabError('logged_out', 'Nobody is logged in.')
    if (this.renewAt > Date.now()) return this.#tokens.accessToken
    return (await this.renew(this.#tokens.accessToken)).accessToken
  }

  /** A request in the user's name; an access token that is refused is renewed once. */
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
   * Exchanges the refresh token, once for all who ask at the same time: a token that is used twice ends the session.
   * @param spent the access token that was refused; nothing is done when it was replaced meanwhile
   * @throws {ConfabError} `logged_out` when the session has ended
   */
  async renew (spent: string): Promise<Tokens> {
    const tokens = this.#tokens
    if (tokens === undefined) throw new ConfabError('logged_out', 'The session has ended.')
    if (tokens.accessToken !== spent) return tokens
    this.#renewing ??= this.#exchange(tokens).finally(() => {
      this.#renewing = undefined
    })
    return this.#renewing
  }

  async #exchange (tokens: Tokens): Promise<Tokens> {
    const shared = this.#takeShared(tokens)
    if (shared !== undefined) return shared
    try {
      const answer = await this.#options.http.request('/user/refresh-token', {
        body: { refresh_token: tokens.refreshToken }
      })
      const renewed = tokensOf(answer)
      this.set(renewed)
      return renewed
    } catch (error) {
      if (!isUnauthenticated(error)) throw error
      const renewed = await this.#awaitShared(tokens)
      if (renewed !== undefined) return renewed
      this.set(undefined)
      throw new ConfabError('logged_out', 'The session has ended.', { cause: error })
    }
  }

  /** What another client of the login has exchanged these tokens for. */
  #takeShared (spent: Tokens): Tokens | undefined {
    const shared = this.#options.sharedTokens?.()
    if (shared === undefined || shared.refreshToken === spent.refreshToken) return undefined
    this.#tokens = shared
    return shared
  }

  /** The same, where it was quicker by so little that its answer may still be on the way. */
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

function isUnauthenticated (error: unknown): boolean {
  return error instanceof ConfabError && error.status === 401
}

/**
 * The end and the length of a JWT's life (RFC 7519, `exp` and `iat`); a token without them is left for the server to
 * judge.
 */
function lifeOf (token: string): { expiresAt: number, life: number } {
  try {
    const claims: unknown = JSON.parse(atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')))
    const [exp, iat] = [integerOf(claims, 'exp'), integerOf(claims, 'iat')]
    if (exp !== undefined && iat !== undefined) return { expiresAt: exp * 1_000, life: (exp - iat) * 1_000 }
  } catch {
    // Not a JWT: the server says whether it is any good.
  }
  return { expiresAt: Infinity, life: Infinity }
}
