/** The session of an account, kept fresh, and shared by all tabs of a browser. */
import { claimsOf } from '../chatcli/access-token.ts'
import { Emitter } from '../emitter.ts'
import { ConfabProblem, problemOf } from '../problem.ts'
import type { GetToken } from '../tokens.ts'
import type { ConfabAccounts, Credentials, SessionTokens } from './accounts.ts'
import type { KeptTokens, TokenStore } from './token-store.ts'

/** An access token is replaced when this part of its life is over. */
const USED_PART = 0.8
const MS_PER_S = 1_000
/** The server does not know the session any more. */
const ENDED: ReadonlySet<string> = new Set(['invalid_refresh_token', 'suspended'])

const NO_SESSION = 'There is no session.'

/** Dependencies. */
export type AccountSessionOptions = { accounts: ConfabAccounts, store: TokenStore }

/** Events of a session. */
export type AccountSessionEvents = {
  /** It has ended, here, in another tab, or on the server. */
  end: { readonly isRefused: boolean }
  /** Another tab has signed in somebody else. */
  switch: { readonly user: string | undefined }
}

/** See the head of this file. */
export class AccountSession extends Emitter<AccountSessionEvents> {
  readonly #options: AccountSessionOptions
  readonly #unwatch: () => void
  #isOpen: boolean
  #user: string | undefined

  constructor (options: AccountSessionOptions) {
    super()
    this.#options = options
    this.#isOpen = options.store.read() !== null
    this.#user = subjectOf(options.store.read())
    this.#unwatch = options.store.watch(() => {
      const kept = options.store.read()
      const before = this.#user
      this.#user = subjectOf(kept)
      if (kept === null) this.#end(false)
      else if (this.#user !== before || !this.#isOpen) this.emit('switch', { user: this.#user })
    })
  }

  /** Whether there is a session, as far as is known. */
  get isOpen (): boolean {
    return this.#isOpen
  }

  /** Opens a session. @throws {ConfabProblem} */
  async logIn (credentials: Credentials): Promise<void> {
    this.#keep(await this.#options.accounts.logIn(credentials))
  }

  /**
   * Makes the `getToken` of a client. Each client needs its own: one that asks again for the token that it got last
   * gets another, since the server has refused it.
   */
  tokens (): GetToken {
    let given: string | undefined
    return async () => {
      const { store } = this.#options
      const kept = store.read()
      const isFresh = kept !== null && kept.renew_at > Date.now() && kept.access_token !== given
      const { access_token } = isFresh ? kept : await store.exclusively(async () => this.#refresh(kept))
      given = access_token
      return access_token
    }
  }

  /** Ends the session. If the server cannot be reached, it ends in this browser. */
  async logOut (): Promise<void> {
    const kept = this.#options.store.read()
    this.#options.store.write(null)
    this.#end(false)
    if (kept !== null) await this.#options.accounts.logOut(kept.access_token).catch(() => undefined)
  }

  /** Leaves the session as it is, for the next page. */
  close (): void {
    this.#unwatch()
  }

  async #refresh (before: KeptTokens | null): Promise<KeptTokens> {
    const { accounts, store } = this.#options
    const kept = store.read()
    if (kept === null) throw new ConfabProblem('no_session', NO_SESSION)
    // Another tab has been faster.
    if (kept.access_token !== before?.access_token) return kept
    const fresh = await accounts.refresh(kept.refresh_token).catch(problemOf)
    const newer = store.read()
    if (newer === null || newer.refresh_token !== kept.refresh_token) {
      // Ended meanwhile, or somebody else's.
      if (newer === null || subjectOf(newer) !== subjectOf(kept)) throw new ConfabProblem('no_session', NO_SESSION)
      // Another tab has been faster: there are no locks.
      return newer
    }
    if (!(fresh instanceof ConfabProblem)) return this.#keep(fresh)
    if (ENDED.has(fresh.code)) {
      store.write(null)
      this.#end(true)
    }
    throw fresh
  }

  #keep ({ access_token, refresh_token, expires_in }: SessionTokens): KeptTokens {
    const renew_at = Math.floor(Date.now() + expires_in * MS_PER_S * USED_PART)
    const kept = { access_token, refresh_token, renew_at }
    this.#options.store.write(kept)
    this.#isOpen = true
    this.#user = subjectOf(kept)
    return kept
  }

  #end (isRefused: boolean): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.emit('end', { isRefused })
  }
}

function subjectOf (kept: KeptTokens | null): string | undefined {
  return kept === null ? undefined : claimsOf(kept.access_token).userID
}
