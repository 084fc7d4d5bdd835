/**
 * Types of chats: each is a list of roles, the highest first, with the permissions of each, and some settings. Four
 * types are built in and do not change; an application defines others as data.
 */
import type { ChatTypeDefinition } from '../../store/chat-types.ts'

/** The definition of a type, and a role in it. */
export type { ChatTypeDefinition, ChatTypeRole } from '../../store/chat-types.ts'

/** Everything that a role may permit. `moderate` is to freeze chats and to act in frozen ones. */
export const PERMISSIONS = [
  'read',
  'post',
  'edit_own',
  'edit_any',
  'delete_own',
  'delete_any',
  'react',
  'pin',
  'add_members',
  'remove_members',
  'change_roles',
  'update_chat',
  'delete_chat',
  'moderate'
] as const

/** Something that a role may permit. */
export type Permission = typeof PERMISSIONS[number]

/** Types of this form may be defined; roles have the same form. */
export const CHAT_TYPE_PATTERN = '^[a-z][a-z0-9_-]{0,31}$'

/** What both may still do in a direct chat, one of whom has blocked the other; the store decides likewise. */
const LEFT_BY_BLOCK: ReadonlySet<Permission> = new Set(['read', 'delete_own', 'delete_any'])
const ALL: Permission[] = [...PERMISSIONS]
const ALL_BUT_DELETE = ALL.filter((permission) => permission !== 'delete_chat')
const WRITE: Permission[] = ['read', 'post', 'edit_own', 'delete_own', 'react']
const NO_LIMITS = { max_members: null, text: null, slow_mode_s: null }
const ALL_FEATURES = { receipts: true, typing: true, threads: true, reactions: true, attachments: true }

/** The types that exist on every server. The rows of `chat_types` say the same. */
export const BUILT_IN_TYPES: Readonly<Record<'direct' | 'group' | 'channel' | 'broadcast', ChatTypeDefinition>> = {
  direct: {
    roles: [{ role: 'member', permissions: [...WRITE, 'pin'] }],
    default_role: 'member',
    creator_role: 'member',
    visibility: 'private',
    history: 'from_join',
    features: ALL_FEATURES,
    limits: { ...NO_LIMITS, max_members: 2 },
    reactions: 'many',
    retention_days: null
  },
  group: {
    roles: [
      { role: 'owner', permissions: ALL },
      { role: 'admin', permissions: ALL_BUT_DELETE },
      { role: 'member', permissions: [...WRITE, 'pin', 'add_members'] },
      { role: 'guest', permissions: WRITE }
    ],
    default_role: 'member',
    creator_role: 'owner',
    visibility: 'private',
    history: 'from_join',
    features: ALL_FEATURES,
    limits: { ...NO_LIMITS, max_members: 10_000 },
    reactions: 'many',
    retention_days: null
  },
  channel: {
    roles: [
      { role: 'owner', permissions: ALL },
      { role: 'admin', permissions: ALL_BUT_DELETE },
      { role: 'moderator', permissions: [...WRITE, 'delete_any', 'remove_members', 'pin', 'moderate'] },
      { role: 'member', permissions: WRITE }
    ],
    default_role: 'member',
    creator_role: 'owner',
    visibility: 'public',
    history: 'all',
    features: { ...ALL_FEATURES, receipts: false },
    limits: NO_LIMITS,
    reactions: 'many',
    retention_days: null
  },
  broadcast: {
    roles: [
      { role: 'owner', permissions: ALL },
      { role: 'admin', permissions: ALL_BUT_DELETE },
      { role: 'poster', permissions: [...WRITE, 'pin'] },
      { role: 'member', permissions: ['read', 'react'] }
    ],
    default_role: 'member',
    creator_role: 'owner',
    visibility: 'public',
    history: 'all',
    features: { ...ALL_FEATURES, receipts: false, typing: false },
    limits: NO_LIMITS,
    reactions: 'many',
    retention_days: null
  }
}

/** The definition of a type that is built in; undefined for any other. */
export function builtInType (type: string): ChatTypeDefinition | undefined {
  return new Map<string, ChatTypeDefinition>(Object.entries(BUILT_IN_TYPES)).get(type)
}

/** The permissions of a role; none when the type has no such role. */
export function permissionsOf ({ roles }: ChatTypeDefinition, role: string): readonly Permission[] {
  const permissions: readonly string[] = roles.find((one) => one.role === role)?.permissions ?? []
  return PERMISSIONS.filter((permission) => permissions.includes(permission))
}

/** Whether a role permits something: the same as the SQL function `chat_permits`. */
export function permits (type: ChatTypeDefinition, role: string, permission: Permission): boolean {
  return permissionsOf(type, role).includes(permission)
}

/** The rank of a role: 0 is the highest. A role that the type does not have is below all others. */
export function rankOf ({ roles }: ChatTypeDefinition, role: string): number {
  const rank = roles.findIndex((one) => one.role === role)
  return rank === -1 ? roles.length : rank
}

/** The highest role of a type: a chat has to keep a member with it, once it has one. */
export function highestRole ({ roles }: ChatTypeDefinition): string {
  return roles[0]?.role ?? ''
}

/** Those of the permissions in a direct chat that a block between its two members leaves. */
export function duringBlock (permissions: readonly Permission[]): Permission[] {
  return permissions.filter((permission) => LEFT_BY_BLOCK.has(permission))
}
