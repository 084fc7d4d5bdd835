/** Types of chats that an application defines. */
import { isDeepStrictEqual } from 'node:util'
import * as store from '../../store/chat-types.ts'
import { advanceMembersVersionsOf } from '../../store/members.ts'
import type { Orm } from '../../store/database.ts'
import { ChatError } from '../errors.ts'
import { type AuditActor, recordAudit } from '../moderation/audit.ts'
import type { ChatDeps } from './direct-chats.ts'
import { BUILT_IN_TYPES, builtInType, CHAT_TYPE_PATTERN, type ChatTypeDefinition } from './chat-types.ts'

/** A type by its name. */
export type { ChatTypeRow } from '../../store/chat-types.ts'

const MAX_ROLES = 16
const FORM = new RegExp(CHAT_TYPE_PATTERN)

/** Returns all types: first those that are built in, then the others by name. */
export async function listTypes (orm: Orm): Promise<store.ChatTypeRow[]> {
  const others = (await store.listChatTypes(orm)).filter(({ type }) => builtInType(type) === undefined)
  const builtIn = Object.entries(BUILT_IN_TYPES).map(([type, definition]) => ({ type, definition, version: 1 }))
  return [...builtIn, ...others]
}

/**
 * Adds a type, or changes it for all chats that have it.
 * @returns the type, and whether it was added
 * @throws {ChatError} `built_in_chat_type`, `invalid_input`
 */
export async function putType (
  { orm, memberships }: ChatDeps,
  type: string,
  definition: ChatTypeDefinition,
  by: AuditActor
): Promise<{ row: store.ChatTypeRow, isNew: boolean }> {
  if (builtInType(type) !== undefined) throw new ChatError('built_in_chat_type')
  if (!FORM.test(type)) throw new ChatError('invalid_input', 'The name of a type has the form [a-z][a-z0-9_-]{0,31}.')
  checkDefinition(definition)
  const { isClosed, ...put } = await orm.transaction(async (tx) => {
    const isNew = await store.insertChatType(tx, type, definition)
    const audit = async (version: number) =>
      recordAudit(tx, by, { action: 'chat_type.set', target: { chat_type: type }, data: { version } })
    if (isNew) await audit(1)
    if (isNew) return { row: { type, definition, version: 1 }, isNew, isClosed: false }
    const before = await store.lockChatType(tx, type, 'update')
    if (before === undefined) throw new ChatError('internal')
    if (isDeepStrictEqual(before.definition, definition)) return { row: before, isNew, isClosed: false }
    requireSameRoles(before.definition, definition)
    const version = await store.updateChatType(tx, type, definition)
    await audit(version)
    const isClosed = isOpen(before.definition) && !isOpen(definition)
    // No event says it: the feeds look for who may read when they see the version.
    if (isClosed) await advanceMembersVersionsOf(tx, type)
    return { row: { type, definition, version }, isNew, isClosed }
  })
  if (isClosed) memberships.announceClosed(type)
  return put
}

/** Whether anybody may read chats of a type, from their beginning. */
function isOpen ({ visibility, history }: ChatTypeDefinition): boolean {
  return visibility === 'public' && history === 'all'
}

/** Members may have any role that was there. @throws {ChatError} `invalid_input` */
function requireSameRoles (before: ChatTypeDefinition, after: ChatTypeDefinition): void {
  const gone = before.roles.find(({ role }) => !after.roles.some((one) => one.role === role))
  if (gone !== undefined)
    throw new ChatError('invalid_input', `The role "${gone.role}" cannot be taken away: members may have it.`)
}

function checkDefinition ({ roles, default_role: byDefault, creator_role: creator }: ChatTypeDefinition): void {
  const names = roles.map(({ role }) => role)
  if (roles.length === 0 || roles.length > MAX_ROLES)
    throw new ChatError('invalid_input', `The field "roles" has 1 to ${String(MAX_ROLES)} roles.`)
  for (const name of names) {
    if (!FORM.test(name))
      throw new ChatError('invalid_input', 'The name of a role has the form [a-z][a-z0-9_-]{0,31}.')
  }
  for (const [field, role] of Object.entries({ default_role: byDefault, creator_role: creator })) {
    if (!names.includes(role)) throw new ChatError('invalid_input', `The field "${field}" must be one of the roles.`)
  }
}
