/** Queries on the types of chats. */
import { asc, eq, inArray, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { chatTypes } from './schema.ts'

/** A role of a type, and what it permits. */
export type ChatTypeRole = { role: string, permissions: readonly string[] }

/** What a type of chats says: `roles` are in their order, the highest first. */
export type ChatTypeDefinition = {
  roles: readonly ChatTypeRole[]
  /** The role of one who joins, or is added without a role. */
  default_role: string
  /** The role of the one who makes a chat. */
  creator_role: string
  /** Whether anybody may read it and join it. */
  visibility: 'private' | 'public'
  /** Which events a new member sees. */
  history: 'all' | 'from_join'
  features: Readonly<Record<'receipts' | 'typing' | 'threads' | 'reactions' | 'attachments', boolean>>
  /** Null is the limit of the server, or none where it has none. */
  limits: Readonly<Record<'max_members' | 'text' | 'slow_mode_s', number | null>>
  /** How many reactions a user may have on a message. */
  reactions: 'one' | 'many'
  retention_days: number | null
}

/** A type in the list of all. `version` counts its definitions. */
export type ChatTypeRow = { type: string, definition: ChatTypeDefinition, version: number }

const COLUMNS = { type: chatTypes.type, definition: chatTypes.definition, version: chatTypes.version }

/** The types of these names that exist. */
export async function findChatTypes (orm: Orm, types: readonly string[]): Promise<ChatTypeRow[]> {
  return types.length === 0 ? [] : orm.select(COLUMNS).from(chatTypes).where(inArray(chatTypes.type, [...types]))
}

/** A type, which nobody changes until the transaction ends. It is to be locked before any chat. */
export async function lockChatType (
  tx: Orm,
  type: string,
  strength: 'share' | 'update'
): Promise<ChatTypeRow | undefined> {
  const [row] = await tx.select(COLUMNS).from(chatTypes).where(eq(chatTypes.type, type)).for(strength)
  return row
}

/** All types, by name. */
export async function listChatTypes (orm: Orm): Promise<ChatTypeRow[]> {
  return orm.select(COLUMNS).from(chatTypes).orderBy(asc(chatTypes.type))
}

/** Adds a type, unless there is one of that name. @returns whether it was added */
export async function insertChatType (tx: Orm, type: string, definition: ChatTypeDefinition): Promise<boolean> {
  const rows = await tx.insert(chatTypes).values({ type, definition }).onConflictDoNothing()
    .returning({ type: chatTypes.type })
  return rows.length > 0
}

/**
 * Replaces the definition of a locked type. A trigger locks its chats until the end of the transaction, and writes down
 * with their heads who may post, and how much.
 * @returns its version
 */
export async function updateChatType (tx: Orm, type: string, definition: ChatTypeDefinition): Promise<number> {
  const [row] = await tx.update(chatTypes).set({ definition, version: sql`${chatTypes.version} + 1` })
    .where(eq(chatTypes.type, type)).returning({ version: chatTypes.version })
  if (row === undefined) throw new Error(`There is no type ${type}.`)
  return row.version
}
