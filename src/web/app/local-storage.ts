/**
 * Storage in this browser for the signed-in users, by username: tokens, account, and unsent posts. Each tab knows its
 * user, so that two people can use two tabs; a new tab belongs to the user who signed in last.
 */
import type { Account, Tokens } from '../../client/chatcli/index.ts'

/** A stored login. */
export type Login = { tokens: Tokens, account: Account }

/** A post that is not acknowledged. `id` is its `clientMessageID`. */
export type UnsentPost = { id: string, chatID: number, text: string, at: string }

type StorageArea = 'localStorage' | 'sessionStorage'

const LOGIN = 'confab:login:'
const POST = 'confab:post:'
const USER = 'confab:user'

/** The user of this tab; undefined when it has none. */
export function currentUser (): string | undefined {
  const username = read('sessionStorage', USER) ?? read('localStorage', USER)
  return username !== undefined && readLogin(username) !== undefined ? username : undefined
}

/** Stores a login, and makes this tab its tab. */
export function saveLogin (login: Login): void {
  const { username } = login.account
  write('localStorage', LOGIN + username, JSON.stringify(login))
  write('sessionStorage', USER, username)
  write('localStorage', USER, username)
}

/** Returns a stored login; undefined when there is none. */
export function readLogin (username: string): Login | undefined {
  const login = parse(read('localStorage', LOGIN + username))
  return isLogin(login) ? login : undefined
}

/** Stores newer tokens of a login that still exists. */
export function saveTokens (username: string, tokens: Tokens): void {
  const login = readLogin(username)
  if (login !== undefined) write('localStorage', LOGIN + username, JSON.stringify({ ...login, tokens }))
}

/** Deletes a login and everything that was stored with it. */
export function forgetLogin (username: string): void {
  for (const key of [LOGIN + username, ...keysOf(POST + username)]) shelf('localStorage')?.removeItem(key)
  shelf('sessionStorage')?.removeItem(USER)
  if (read('localStorage', USER) === username) shelf('localStorage')?.removeItem(USER)
}

/** Calls `listener` when another tab ends a login. @returns a function that stops that */
export function onForgotten (username: string, listener: () => void): () => void {
  const hear = () => {
    if (readLogin(username) === undefined) listener()
  }
  addEventListener('storage', hear)
  return () => removeEventListener('storage', hear)
}

/** The unsent posts, in the order they were written. */
export function readUnsentPosts (username: string): UnsentPost[] {
  const posts = keysOf(POST + username)
    .map((key) => parse(read('localStorage', key)))
    .filter(isPost)
  return posts.sort((one, other) => one.at.localeCompare(other.at))
}

/** Stores an unsent post; each under its own key, so that tabs do not overwrite each other's posts. */
export function saveUnsentPost (username: string, post: UnsentPost): void {
  write('localStorage', `${POST}${username}:${post.id}`, JSON.stringify(post))
}

/** Deletes a post that is stored on the server, or was given up. */
export function forgetUnsentPost (username: string, id: string): void {
  shelf('localStorage')?.removeItem(`${POST}${username}:${id}`)
}

function keysOf (prefix: string): string[] {
  return Object.keys(shelf('localStorage') ?? {}).filter((key) => key.startsWith(`${prefix}:`))
}

/** A browser that blocks storage throws even on access: then a login ends with its page. */
function shelf (name: StorageArea): Storage | undefined {
  try {
    return globalThis[name]
  } catch {
    return undefined
  }
}

function read (name: StorageArea, key: string): string | undefined {
  return shelf(name)?.getItem(key) ?? undefined
}

function write (name: StorageArea, key: string, value: string): void {
  try {
    shelf(name)?.setItem(key, value)
  } catch {
    // The quota is exceeded: the earlier content stays.
  }
}

function parse (text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

function has<Name extends string> (
  value: unknown,
  name: Name,
  type: 'string' | 'number' | 'object'
): value is Record<Name, unknown> {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, name) === type
}

function isLogin (value: unknown): value is Login {
  if (!has(value, 'tokens', 'object') || !has(value, 'account', 'object')) return false
  const { tokens, account } = value
  return (
    has(tokens, 'accessToken', 'string') &&
    has(tokens, 'refreshToken', 'string') &&
    has(account, 'userID', 'number') &&
    has(account, 'username', 'string') &&
    has(account, 'name', 'string')
  )
}

function isPost (value: unknown): value is UnsentPost {
  return (
    has(value, 'id', 'string') &&
    has(value, 'chatID', 'number') &&
    has(value, 'text', 'string') &&
    has(value, 'at', 'string')
  )
}
