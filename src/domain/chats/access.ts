/** What a caller may see of chats, and do in them. For a write this is decided again in its transaction. */
import { type ChatAccessRow, findChatAccess, listChatAccess } from '../../store/chat-access.ts'
import { findChatTypes } from '../../store/chat-types.ts'
import type { Orm } from '../../store/database.ts'
import { ChatError } from '../errors.ts'
import { parseChatId, publicChatId } from './chat-id.ts'
import {
  builtInType, type ChatTypeDefinition, duringBlock, type Permission, PERMISSIONS, permissionsOf
} from './chat-types.ts'

/** A chat as a caller may see it. */
export type ChatAccess = {
  chatId: number
  /** Its id in `/v1`. */
  id: string
  type: string
  definition: ChatTypeDefinition
  /** Null for a caller who is no member. */
  role: string | null
  /** Of the role; of one who is no member `read` alone, of a key all. */
  permissions: readonly Permission[]
  /** Events up to this seq are not visible to the caller. */
  fromSeq: number
  readSeq: number
  lastSeq: number
  membersVersion: number
  isFrozen: boolean
  /** Whether one of the two of a direct chat has blocked the other. */
  isBlocked: boolean
}

/**
 * Returns those of these chats that a caller may see, by their ids: a user those of their own and public ones, a key
 * all.
 * @param userId null for a key
 */
export async function findAccess (
  orm: Orm,
  userId: number | null,
  ids: readonly string[]
): Promise<ReadonlyMap<string, ChatAccess>> {
  const names = ids.flatMap((id) => parseChatId(id) ?? [])
  const rows = await findChatAccess(orm, userId, {
    chatIds: names.flatMap((name) => 'chatId' in name ? [name.chatId] : []),
    chosen: names.flatMap((name) => 'chosen' in name ? [name.chosen] : [])
  })
  return new Map((await accessesOf(orm, rows, userId === null)).map((access) => [access.id, access]))
}

/** Returns the chats of which a user is a member. */
export async function listOwnAccess (orm: Orm, userId: number): Promise<ChatAccess[]> {
  return accessesOf(orm, await listChatAccess(orm, userId), false)
}

async function accessesOf (orm: Orm, rows: readonly ChatAccessRow[], isKey: boolean): Promise<ChatAccess[]> {
  const definitions = await findDefinitions(orm, rows.map(({ type }) => type))
  return rows.flatMap((row) => {
    const definition = definitions.get(row.type)
    return definition === undefined ? [] : accessOf(row, definition, isKey) ?? []
  })
}

/** Returns a chat that a caller may see. @param userId null for a key @throws {ChatError} `unknown_chat` */
export async function requireAccess (orm: Orm, userId: number | null, id: string): Promise<ChatAccess> {
  const access = (await findAccess(orm, userId, [id])).get(id)
  if (access === undefined) throw new ChatError('unknown_chat')
  return access
}

/** The definitions of these types: those that are built in are known, and others are read. */
export async function findDefinitions (
  orm: Orm,
  types: readonly string[]
): Promise<ReadonlyMap<string, ChatTypeDefinition>> {
  const definitions = new Map<string, ChatTypeDefinition>()
  const unknown = new Set<string>()
  for (const type of types) {
    const builtIn = builtInType(type)
    if (builtIn === undefined) unknown.add(type)
    else definitions.set(type, builtIn)
  }
  for (const { type, definition } of await findChatTypes(orm, [...unknown])) definitions.set(type, definition)
  return definitions
}

function accessOf (row: ChatAccessRow, definition: ChatTypeDefinition, isKey: boolean): ChatAccess | undefined {
  const { chatId, publicId, type, role, fromSeq, readSeq, lastSeq, membersVersion, frozenAt, isBlocked } = row
  if (role === null && !isKey && definition.visibility === 'private') return undefined
  const isShownAll = role !== null || isKey || definition.history === 'all'
  return {
    chatId,
    id: publicChatId(chatId, publicId),
    type,
    definition,
    role,
    permissions: permissionsIn(definition, role, { isKey, isBlocked }),
    fromSeq: isShownAll ? fromSeq : lastSeq,
    readSeq,
    lastSeq,
    membersVersion,
    isFrozen: frozenAt !== null,
    isBlocked
  }
}

function permissionsIn (
  definition: ChatTypeDefinition, role: string | null, { isKey, isBlocked }: { isKey: boolean, isBlocked: boolean }
): readonly Permission[] {
  if (isKey) return PERMISSIONS
  const permissions: readonly Permission[] = role === null ? ['read'] : permissionsOf(definition, role)
  return isBlocked ? duringBlock(permissions) : permissions
}
