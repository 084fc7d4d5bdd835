/** The signed-in user: the client of the chats, their files, and what this tab knows of the user. */
import { type ReadonlySignal, signal } from '@preact/signals'
import { AccountSession, browserTokens, ConfabAccounts } from '../../../client/accounts/index.ts'
import { ConfabFiles } from '../../../client/files/index.ts'
import { MessageLookup } from '../../../client/history/index.ts'
import { ConfabClient, type ConnectionState } from '../../../client/index.ts'
import type { OwnUser } from '../../../client/management/index.ts'
import { shareSocket } from '../../../client/shared/index.ts'
import { forgetEmojis } from '../emoji/recent.ts'
import { dropDrafts } from '../state/drafts.ts'
import { forgetPeople } from '../state/known-people.ts'
import { followProfiles } from '../state/profile-changes.ts'

/** People watch the banner while they wait, so attempts are more frequent than those of a program. */
const BACKOFF = { baseMs: 500, maxMs: 8_000 }
/** A connection that is back so soon was not away: another tab has taken it over, or a replica was replaced. */
const LOST_MS = 700

/** The server of this page. */
export const accounts = new ConfabAccounts({ url: location.origin })

/** The login that the tabs of this browser share. */
export const login = new AccountSession({ accounts, store: browserTokens() })

/** A session in this tab. */
export class Session {
  readonly client: ConfabClient
  readonly files: ConfabFiles
  /** Single messages, e.g. those that others quote. */
  readonly lookup: MessageLookup
  /** The user; null before it is loaded. */
  readonly me: ReadonlySignal<OwnUser | null>
  /** `isLost` from a failed connection until the next one, if that does not come at once. */
  readonly connection: ReadonlySignal<{ state: ConnectionState, isLost: boolean }>
  readonly #me = signal<OwnUser | null>(null)
  readonly #connection = signal<{ state: ConnectionState, isLost: boolean }>({ state: 'connecting', isLost: false })
  #losing: ReturnType<typeof setTimeout> | undefined

  constructor () {
    this.client = new ConfabClient({
      url: location.origin, getToken: login.tokens(), backoff: BACKOFF, WebSocket: shareSocket()
    })
    this.files = new ConfabFiles({ url: location.origin, getToken: login.tokens() })
    this.lookup = new MessageLookup(this.client)
    this.me = this.#me
    this.connection = this.#connection
    this.client.on('state', (state) => {
      this.#connection.value = { state, isLost: state !== 'online' && this.#connection.value.isLost }
      if (state === 'offline') this.#loseSoon()
      if (state === 'online') this.#follow()
    })
    followProfiles(this.client, () => void this.refreshMe().catch(() => undefined))
    // The banner shows it.
    this.client.on('problem', () => undefined)
    this.client.connect()
  }

  /** The id of the user; empty before it is known. */
  get userId (): string {
    return this.client.user ?? this.#me.value?.id ?? ''
  }

  /** Loads the profile of the user again, e.g. after a change of it. */
  async refreshMe (): Promise<void> {
    const me: unknown = await this.client.request('/me')
    if (isUser(me)) this.#me.value = me
  }

  /** Stops this tab's part of the session. @param isForgotten whether what was kept of the user is deleted */
  async end (isForgotten: boolean): Promise<void> {
    if (isForgotten) await this.client.forget().catch(() => undefined)
    else this.client.close()
  }

  #loseSoon (): void {
    this.#losing ??= setTimeout(() => {
      this.#losing = undefined
      const { state } = this.#connection.value
      if (state !== 'online') this.#connection.value = { state, isLost: true }
    }, LOST_MS)
  }

  #follow (): void {
    if (this.#me.value === null) this.refreshMe().catch(() => undefined)
  }
}

function isUser (value: unknown): value is OwnUser {
  return typeof value === 'object' && value !== null && 'id' in value && 'name' in value
}

/** The session of this tab; null when nobody is signed in. */
export const session = signal<Session | null>(login.isOpen ? new Session() : null)

/** Begins the session of somebody who has signed in. */
export function beginSession (): void {
  session.value ??= new Session()
}

// Nothing of one user may be shown to another.
login.on('switch', () => location.reload())
login.on('end', () => {
  dropDrafts()
  forgetEmojis()
  void forgetPeople()
  const ended = session.value
  session.value = null
  void ended?.end(true)
})
