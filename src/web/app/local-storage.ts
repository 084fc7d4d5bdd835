/**
 * What this browser keeps of whoever is signed in, by username: tokens, account, and posts that were not sent. A tab
 * knows whose it is, so that two people can use two tabs; a new tab belongs to who signed in last.
 */
import type { Account, Tokens } from '../../client/index.ts'

/** A login that is kept. */
export type Login = { tokens: Tokens, account: Account }

/** A post that no server has acknowledged. `id` is its `clientMessageID`. */
export type UnsentPost = { id: string, chatID: number, text: string, at: string }

type StorageArea = 'localStorage' | 'sessionStorage'

const LOGIN = 'confab:login:'
const POST = 'confab:post:'
const USER = 'confab:user'

/** Whose tab this is; undefined when nobody is signed in. */
export function currentUser (): string | undefined {
  const username = read('sessionStorage', USER) ?? read('localStorage', USER)
  return username !== undefined && readLogin(username) !== undefined ? username : undefined
}

/** Keeps a login, and makes this its tab. */
export function saveLogin (login: Login): void {
  const { username } = login.account
  write('localStorage', LOGIN + username, JSON.stringify(login))
  write('sessionStorage', USER, username)
  write('localStorage', USER, username)
}

/** A login that was kept; undefined when there is none. */
export function readLogin (username: string): Login | undefined {
  const login = parse(read('localStorage', LOGIN + username))
  return isLogin(login) ? login : undefined
}

/** Keeps newer tokens of a login that is still there. */
export function saveTokens (username: string, tokens: Tokens): void {
  const login = readLogin(username)
  if (login !== undefined) write('localStorage', LOGIN + username, JSON.stringify({ ...login, tokens }))
}

/** Forgets a login and all that was kept with it. */
export function forgetLogin (username: string): void {
  for (const key of [LOGIN + username, ...keysOf(POST + username)]) shelf('localStorage')?.removeItem(key)
  shelf('sessionStorage')?.removeItem(USER)
  if (read('localStorage', USER) === username) shelf('localStorage')?.removeItem(USER)
}

/** Calls back when another tab ends a login. @returns what ends it */
export function onForgotten (username: string, listener: () => void): () => void {
  const hear = () => {
    if (readLogin(username) === undefined) listener()
  }
  addEventListener('storage', hear)
  return () => removeEventListener('storage', hear)
}

/** The posts that wait to be sent, in the order they were written. */
export function readUnsentPosts (username: string): UnsentPost[] {
  const posts = keysOf(POST + username)
    .map((key) => parse(read('localStorage', key)))
    .filter(isPost)
  return posts.sort((one, other) => one.at.localeCompare(other.at))
}

/** Keeps a post that waits to be sent; each by itself, so that tabs do not write over each other's. */
export function saveUnsentPost (username: string, post: UnsentPost): void {
  write('localStorage', `${POST}${username}:${post.id}`, JSON.stringify(post))
}

/** Forgets a post that is stored, or given up. */
export function forgetUnsentPost (username: string, id: string): void {
  shelf('localStorage')?.removeItem(`${POST}${username}:${id}`)
}

function keysOf (prefix: string): string[] {
  return Object.keys(shelf('localStorage') ?? {}).filter((key) => key.startsWith(`${prefix}:`))
}

/** A browser that was told to keep nothing refuses even to be asked: then a login ends with its page. */
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
    // There is no room: what was there before stays.
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
