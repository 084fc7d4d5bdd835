/** Users whose profiles were seen, kept so that a start without a connection shows their names. */
import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { browserStorage, type User } from '../../../client/index.ts'

const KEY = 'people/'
/** So many are kept: those that were seen last. */
const MAX_PEOPLE = 500
/** Profiles come many at once. */
const DELAY_MS = 1_000

/** Those whose profiles have changed since the client loaded them. */
const renewed = signal<ReadonlyMap<string, User>>(new Map())

const storage = browserStorage('confab-people')
const known = signal<ReadonlyMap<string, User>>(new Map())
let reading: Promise<void> | undefined
let timer: ReturnType<typeof setTimeout> | undefined

/** The profile as it is loaded, else as it was kept. */
export function useKnownUser (id: string, user: User | null): User | null {
  const latest = latestOf(id, user)
  useEffect(() => {
    reading ??= read()
    if (latest !== null) void reading.then(() => keep(latest))
  }, [latest])
  return latest ?? known.value.get(id) ?? null
}

/** The profile after its last change, if the client has loaded it before that. */
export function latestOf (id: string, user: User | null): User | null {
  return renewed.value.get(id) ?? user
}

/** Shows a profile as it is after a change. */
export function renewPerson (user: User): void {
  renewed.value = withUser(renewed.peek(), user)
}

/** Forgets all of them, when the user who has seen them has signed out. */
export async function forgetPeople (): Promise<void> {
  clearTimeout(timer)
  timer = undefined
  known.value = renewed.value = new Map()
  await storage.remove(KEY).catch(() => undefined)
}

async function read (): Promise<void> {
  const [kept] = await storage.list(KEY).catch(() => [])
  if (Array.isArray(kept)) known.value = new Map(kept.filter(isUser).map((user) => [user.id, user]))
}

function keep (user: User): void {
  const before = known.peek().get(user.id)
  if (before?.name === user.name && before.avatar === user.avatar) return
  known.value = withUser(known.peek(), user)
  timer ??= setTimeout(() => {
    timer = undefined
    // Without room for them names are missing offline, and nothing else.
    storage.put(KEY, [...known.peek().values()]).catch(() => undefined)
  }, DELAY_MS)
}

function withUser (users: ReadonlyMap<string, User>, user: User): ReadonlyMap<string, User> {
  const others = [...users].filter(([id]) => id !== user.id)
  return new Map([...others, [user.id, user] as const].slice(-MAX_PEOPLE))
}

/** Whether a value is a profile. */
export function isUser (value: unknown): value is User {
  return typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string' &&
    'name' in value && typeof value.name === 'string' && 'avatar' in value
}
