/** The routes of `/v1/auth`. It needs no connection of a client. */
import { type CallOptions, Http } from '../http.ts'
import { withFields } from '../types.ts'

const TIMEOUT_MS = 15_000

const NO_TOKENS = { get: async () => '', refuse: () => undefined }

/** The tokens of a session. */
export type SessionTokens = {
  readonly access_token: string
  /** Lifetime of the access token, in seconds. */
  readonly expires_in: number
  /** Good for one refresh. */
  readonly refresh_token: string
}

const isTokens = withFields<SessionTokens>('access_token', 'expires_in', 'refresh_token')

/**
 * A username or an address, and the password. An account with a second factor needs a `code`, too: of the authenticator
 * app, or a recovery code. Without it a login is refused with `two_factor_required`.
 */
export type Credentials = { readonly password: string, readonly code?: string } & (
  | { readonly username: string, readonly email?: never }
  | { readonly email: string, readonly username?: never }
)

/** A new account. */
export type Registration = {
  readonly username: string
  readonly email: string
  readonly password: string
  /** Needed where registration takes an invite. */
  readonly invite_code?: string
}

/** Options of {@link ConfabAccounts}. */
export type AccountsOptions = {
  /** Address of the server. */
  url: string
  fetch?: typeof fetch | undefined
  /** Time limit of a request, in milliseconds. */
  timeoutMs?: number | undefined
}

/** Registers accounts and opens their sessions. Every method throws a {@link ConfabProblem}. */
export class ConfabAccounts {
  readonly #options: { url: string, fetch: typeof fetch, timeoutMs: number }
  readonly #http: Http

  constructor ({ url, fetch: send = (...call) => fetch(...call), timeoutMs = TIMEOUT_MS }: AccountsOptions) {
    this.#options = { url: url.replace(/\/+$/, ''), fetch: send, timeoutMs }
    this.#http = new Http({ ...this.#options, fetch: withoutToken(send), tokens: NO_TOKENS })
  }

  /** Registers an account. The code that {@link ConfabAccounts.verify} needs is mailed. */
  async register (registration: Registration, { signal }: CallOptions = {}): Promise<void> {
    await this.#http.send('/auth/register', { method: 'POST', body: registration, signal })
  }

  /** Verifies the address of an account by the code in the mail. */
  async verify (body: { username: string, code: string }, { signal }: CallOptions = {}): Promise<void> {
    await this.#http.send('/auth/verify', { method: 'POST', body, signal })
  }

  /** Opens a session. */
  async logIn (credentials: Credentials, { signal }: CallOptions = {}): Promise<SessionTokens> {
    return this.#http.request('/auth/login', isTokens, { method: 'POST', body: credentials, signal })
  }

  /** Returns newer tokens of a session. The refresh token is spent by that. */
  async refresh (refreshToken: string, { signal }: CallOptions = {}): Promise<SessionTokens> {
    const body = { refresh_token: refreshToken }
    return this.#http.request('/auth/refresh', isTokens, { method: 'POST', body, signal })
  }

  /** Ends the session of a token. */
  async logOut (accessToken: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#httpOf(accessToken).send('/auth/logout', { method: 'POST', signal })
  }

  /** Mails a link to set a new password, if there is such an account. */
  async requestReset (email: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#http.send('/auth/password-reset', { method: 'POST', body: { email }, signal })
  }

  /** Sets a new password by the token of the link. It ends every session of the account. */
  async confirmReset (body: { token: string, new_password: string }, { signal }: CallOptions = {}): Promise<void> {
    await this.#http.send('/auth/password-reset/confirm', { method: 'POST', body, signal })
  }

  #httpOf (token: string): Http {
    return new Http({ ...this.#options, tokens: { get: async () => token, refuse: () => undefined } })
  }
}

/** Who logs in has no token yet. */
function withoutToken (send: typeof fetch): typeof fetch {
  return (input, init) => {
    const headers = new Headers(init?.headers)
    headers.delete('authorization')
    return send(input, { ...init, headers })
  }
}
