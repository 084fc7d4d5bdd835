/** Installations that are exported and imported, as their clients see them. */
import { asc } from 'drizzle-orm'
import { createApiKey } from '../../../src/domain/accounts/api-keys.ts'
import { publicChatId } from '../../../src/domain/chats/chat-id.ts'
import type { Orm } from '../../../src/store/database.ts'
import { applicationUsers, chats } from '../../../src/store/schema.ts'
import type { Scope } from '../scope.ts'
import { type Cluster, startCluster } from '../servers/cluster.ts'
import { createStore } from '../servers/database.ts'
import { engineUrl } from '../servers/engine.ts'
import { runConfab } from '../servers/program.ts'
import { USER_TOKENS } from './api-clients.ts'
import { at, listAt, textAt } from './json.ts'
import { signWithSecret } from './user-tokens.ts'

/** An installation, and the environment of its commands. */
export type Installation = { cluster: Cluster, environment: Record<string, string> }

/** Starts an empty installation. */
export async function startInstallation (t: Scope, more: Record<string, string> = {}): Promise<Installation> {
  const DATABASE_URL = await createStore(t, engineUrl())
  const environment = { DATABASE_URL, ...USER_TOKENS, ...more }
  const cluster = await startCluster(t, { environment, inspectable: true })
  return { cluster, environment: { DATABASE_URL } }
}

/** Runs a command, which succeeds. @returns what it printed */
export async function confab (
  { environment }: Pick<Installation, 'environment'>, parameters: string[], input = ''
): Promise<string> {
  const { code, stdout, stderr } = await runConfab(parameters, environment, input)
  if (code !== 0) throw new Error(`confab ${parameters.join(' ')} ended with ${String(code)}: ${stderr}`)
  return stdout
}

/** Everything that clients can learn of the chats of an installation, but for its epoch. */
export async function readInstallation (cluster: Cluster): Promise<Record<string, unknown>> {
  const bearer = await createApiKey(cluster.orm, {
    name: 'a reader', scopes: ['chats:read', 'messages:read', 'moderation:read', 'users:read'], expiresAt: null
  })
  const read = (target: string, token = bearer) => readPages(cluster, target, token)
  const rows = await cluster.orm.select().from(chats).orderBy(asc(chats.id))
  const seen: Record<string, unknown> = { users: await read('/v1/users'), types: await read('/v1/chat-types') }
  for (const { id: chatId, publicId } of rows) {
    const id = publicChatId(chatId, publicId)
    for (const part of ['', '/events', '/members', '/bans', '/pins', '/receipts'])
      seen[`${id}${part}`] = await read(`/v1/chats/${id}${part}`)
    for (const message of await messagesOf(cluster, id, bearer)) {
      const path = `/v1/chats/${id}/messages/${message}`
      seen[`${id} ${message}`] = [await read(`${path}/reactions`), await read(`${path}/versions`)]
    }
  }
  for (const user of await applicationIds(cluster.orm)) {
    const token = signWithSecret({ sub: user })
    seen[`chats of ${user}`] = await read('/v1/chats', token)
    seen[`unread of ${user}`] = await read('/v1/me/unread', token)
    seen[`blocks of ${user}`] = await read('/v1/me/blocks', token)
    seen[`notifications of ${user}`] = await read('/v1/me/notifications', token)
  }
  return seen
}

/** The ids of the users of the application. */
async function applicationIds (orm: Orm): Promise<string[]> {
  const rows = await orm.select({ id: applicationUsers.externalId }).from(applicationUsers)
    .orderBy(asc(applicationUsers.userId))
  return rows.map(({ id }) => id)
}

/** Reads a list as a whole, or anything else. */
async function readPages (cluster: Cluster, target: string, bearer: string): Promise<unknown> {
  const items: unknown[] = []
  let cursor: string | undefined
  for (;;) {
    const query = cursor === undefined ? '' : `?cursor=${encodeURIComponent(cursor)}`
    const { status, body } = await cluster.get(target + query, { bearer })
    if (status !== 200) return { status, code: at(body, 'code') }
    items.push(withoutPlace(body))
    const next = at(body, 'next')
    if (typeof next !== 'string') return items
    cursor = next
  }
}

/** An answer without what differs between installations. */
function withoutPlace (body: unknown): unknown {
  return JSON.parse(JSON.stringify(body, (name, value: unknown) =>
    ['epoch', 'next', 'prev', 'pos'].includes(name) ? undefined : value))
}

async function messagesOf (cluster: Cluster, chat: string, bearer: string): Promise<string[]> {
  const { body } = await cluster.get(`/v1/chats/${chat}/events?limit=200`, { bearer })
  return listAt(body, 'items').filter((event) => textAt(event, 'type') === 'message.created')
    .map((event) => String(at(event, 'seq')))
}

/** A file of these records, between its first and its last line. */
export function fileOf (id: string, records: readonly object[]): string {
  const lines = [{ confab: 'export', version: 1, id }, ...records, { record: 'end' }]
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('')
}

/** So many seconds after the beginning of a history. */
export function timeAt (seconds: number): string {
  return new Date(Date.UTC(2024, 0, 1) + seconds * 1_000).toISOString()
}

/** Users of these ids. */
export function usersOf (...ids: string[]): object[] {
  return ids.map((id) => ({ record: 'user', id, name: id.toUpperCase(), created_at: timeAt(0) }))
}

/** A group with these members, of whom the first is the owner, and records of its log. */
export function groupOf (id: string, members: readonly string[], log: readonly object[]): object[] {
  return [
    { record: 'chat', id, type: 'group', name: id, created_at: timeAt(0) },
    ...members.map((user, index) =>
      ({ record: 'member', user, role: index === 0 ? 'owner' : 'member', joined_at: timeAt(0) })),
    ...log
  ]
}

/** An export without its first line, which is another each time. */
export async function exportedLines (installation: Pick<Installation, 'environment'>): Promise<string[]> {
  return (await confab(installation, ['export', '--all'])).trimEnd().split('\n').slice(1)
}
