/** Where the tokens of a session are kept, so that it outlives the page and is shared by the tabs. */
import { integerOf, parseJson, textOf } from '../json.ts'

/** The tokens of a session, and when the access token should be replaced. */
export type KeptTokens = {
  readonly access_token: string
  readonly refresh_token: string
  /** In milliseconds since 1970, by the clock of the device. */
  readonly renew_at: number
}

/** Keeps the tokens of one session. */
export type TokenStore = {
  /** Returns the tokens; null without a session. */
  read: () => KeptTokens | null
  /** Replaces them; null ends the session. */
  write: (tokens: KeptTokens | null) => void
  /** Calls `listener` when another tab has replaced them. @returns a function that stops that */
  watch: (listener: () => void) => () => void
  /** Runs `act` while no other tab does the same. */
  exclusively: <Result>(act: () => Promise<Result>) => Promise<Result>
}

// The parts of a page that are used here: the types of browsers are not those of every program.
type Texts = {
  getItem: (key: string) => string | null
  setItem: (key: string, value: string) => void
  removeItem: (key: string) => void
}
declare const localStorage: Texts
declare const navigator: {
  readonly locks?: { request: <Result>(name: string, act: () => Promise<Result>) => Promise<Result> }
}
declare const window: {
  addEventListener: (type: 'storage', listener: (event: { key: string | null }) => void) => void
  removeEventListener: (type: 'storage', listener: (event: { key: string | null }) => void) => void
}

/** Keeps them in the `localStorage` of a browser; where that is blocked, as long as the page lives. */
export function browserTokens (key = 'confab-session'): TokenStore {
  const texts = availableTexts(key)
  return {
    read: () => tokensOf(texts.getItem(key)),
    write: (tokens) => {
      if (tokens === null) texts.removeItem(key)
      else texts.setItem(key, JSON.stringify(tokens))
    },
    watch: (listener) => {
      // Without a key everything was removed.
      const listen = (event: { key: string | null }) => {
        if (event.key === key || event.key === null) listener()
      }
      window.addEventListener('storage', listen)
      return () => window.removeEventListener('storage', listen)
    },
    // Pages without TLS have no locks.
    exclusively: async (act) => navigator.locks === undefined ? act() : navigator.locks.request(`${key} refresh`, act)
  }
}

/** A browser that blocks cookies throws when it is asked for the storage itself. */
function availableTexts (key: string): Texts {
  try {
    localStorage.getItem(key)
    return localStorage
  } catch {
    const texts = new Map<string, string>()
    return {
      getItem: (name) => texts.get(name) ?? null,
      setItem: (name, text) => void texts.set(name, text),
      removeItem: (name) => void texts.delete(name)
    }
  }
}

function tokensOf (kept: string | null): KeptTokens | null {
  const value = parseJson(kept ?? '')
  const access_token = textOf(value, 'access_token')
  const refresh_token = textOf(value, 'refresh_token')
  const renew_at = integerOf(value, 'renew_at')
  return access_token === undefined || refresh_token === undefined || renew_at === undefined
    ? null
    : { access_token, refresh_token, renew_at }
}
