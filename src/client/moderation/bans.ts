/** Bans: who may not come to a chat. */
import type { CallOptions } from '../http.ts'
import { call, listAll, type Requester, segment } from '../management/call.ts'
import { type Actor, withFields } from '../types.ts'

/** A ban. */
export type Ban = {
  /** Null when the user is erased. */
  readonly user: string | null
  readonly reason: string
  /** Null for no end. */
  readonly until: string | null
  readonly created_at: string
  readonly by: Actor
}

/** Whom to ban, and how: without `until` there is no end. */
export type BanRequest = { user: string, reason?: string, until?: Date | null }

const isBan = withFields<Ban>('user', 'until')
const isWritten = withFields<{ ban: Ban }>('ban')

/** Bans a user from a chat, who is removed from it; takes `moderate`. @throws {ConfabProblem} */
export async function banUser (
  client: Requester, chat: string, { user, reason = '', until = null, signal }: BanRequest & CallOptions
): Promise<Ban> {
  const body = { reason, until: until?.toISOString() ?? null }
  const path = `/chats/${segment(chat)}/bans/${segment(user)}`
  return (await call(client, path, isWritten, { method: 'PUT', body, signal })).ban
}

/** Ends a ban; the user is no member by that. @throws {ConfabProblem} `unknown_ban` */
export async function unbanUser (
  client: Requester, chat: string, { user, signal }: { user: string } & CallOptions
): Promise<void> {
  await client.request(`/chats/${segment(chat)}/bans/${segment(user)}`, { method: 'DELETE', signal })
}

/** Who is banned from a chat; takes `moderate`. @throws {ConfabProblem} */
export async function listBans (client: Requester, chat: string, options: CallOptions = {}): Promise<Ban[]> {
  return listAll(client, `/chats/${segment(chat)}/bans`, isBan, options)
}
