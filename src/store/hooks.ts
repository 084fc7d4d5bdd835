/** Queries on what is asked before something happens. */
import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { oncePerDatabase } from './prepared.ts'
import {
  accountProfiles, applicationUsers, chatEvents, chats, hooks, messages, participants, users
} from './schema.ts'
import { after } from './sql.ts'

/** A row of `hooks`; its secrets are encrypted. */
export type HookRow = typeof hooks.$inferSelect
/** The settings of a hook. */
export type HookFields = Pick<HookRow, 'url' | 'chatTypes' | 'timeoutMs' | 'onFailure'>

/** Returns a hook. */
export async function findHook (orm: Orm, name: string): Promise<HookRow | undefined> {
  const [row] = await orm.select().from(hooks).where(eq(hooks.name, name))
  return row
}

/** Adds a hook, unless it is there. */
export async function insertHook (
  orm: Orm, hook: HookFields & Pick<HookRow, 'name' | 'secret'>
): Promise<HookRow | undefined> {
  const [row] = await orm.insert(hooks).values(hook).onConflictDoNothing().returning()
  return row
}

/** A change of a hook. `secret` replaces the present one, which is valid for so many milliseconds more. */
export type HookChange = {
  fields: HookFields
  secret: { sealed: string, overlapMs: number } | undefined
  /** Versions that it may have; undefined for any. */
  versions: readonly number[] | undefined
}

/** Changes a hook. @returns undefined if it is not there, or has another version */
export async function updateHook (
  orm: Orm, name: string, { fields, secret, versions }: HookChange
): Promise<HookRow | undefined> {
  const [row] = await orm
    .update(hooks)
    .set({
      ...fields,
      version: sql`${hooks.version} + 1`,
      ...(secret !== undefined && {
        secret: secret.sealed, previousSecret: sql`${hooks.secret}`, previousUntil: after(secret.overlapMs)
      })
    })
    .where(isHook(name, versions))
    .returning()
  return row
}

function isHook (name: string, versions: readonly number[] | undefined) {
  return and(eq(hooks.name, name), versions === undefined ? undefined : inArray(hooks.version, [...versions]))
}

/** Encrypts the secrets of a hook anew, unless they were replaced meanwhile. */
export async function resealHook (
  orm: Orm, { name, secret }: Pick<HookRow, 'name' | 'secret'>, sealed: Pick<HookRow, 'secret' | 'previousSecret'>
): Promise<void> {
  await orm.update(hooks).set(sealed).where(and(eq(hooks.name, name), eq(hooks.secret, secret)))
}

/** Deletes a hook. @returns whether it was there, in one of these versions */
export async function deleteHook (orm: Orm, name: string, versions: readonly number[] | undefined): Promise<boolean> {
  return (await orm.delete(hooks).where(isHook(name, versions)).returning({ name: hooks.name })).length > 0
}

const scene = oncePerDatabase((orm) => {
  const [chatId, userId, key] = [sql.placeholder('chatId'), sql.placeholder('userId'), sql.placeholder('key')]
  return orm
    .select({
      publicId: chats.publicId,
      type: chats.type,
      username: users.username,
      name: users.displayName,
      avatar: sql<string | null>`coalesce(${applicationUsers.avatar}, ${accountProfiles.avatar})`,
      data: sql<Record<string, unknown>>`coalesce(${applicationUsers.data}, ${accountProfiles.data}, '{}')`,
      isStored: sql<boolean>`exists (select from ${messages} where ${and(
        eq(messages.chatId, chatId), eq(messages.authorId, userId), eq(messages.postKey, key)
      )}) or exists (select from ${chatEvents} where ${and(
        eq(chatEvents.chatId, chatId), eq(chatEvents.actorId, userId), eq(chatEvents.eventKey, key)
      )})`
    })
    .from(participants)
    .innerJoin(chats, eq(chats.id, participants.chatId))
    .innerJoin(users, eq(users.id, participants.userId))
    .leftJoin(applicationUsers, eq(applicationUsers.userId, users.id))
    .leftJoin(accountProfiles, eq(accountProfiles.userId, users.id))
    .where(and(eq(participants.chatId, chatId), eq(participants.userId, userId)))
    .prepare('hook_scene')
})

/** A chat and a member of it who writes, and whether what is written was stored before; undefined for no member. */
export type Scene = NonNullable<Awaited<ReturnType<typeof findScene>>>

/** Returns the chat and the author of what is written with a key. */
export async function findScene (orm: Orm, place: { chatId: number, userId: number, key: string }) {
  const [row] = await scene(orm).execute(place)
  return row
}

/** Returns the seq of the message of a chat with this id. */
export async function findSeqOfMessage (orm: Orm, chatId: number, messageId: number): Promise<number | undefined> {
  const [row] = await orm
    .select({ seq: messages.seq })
    .from(messages)
    .where(and(eq(messages.chatId, chatId), eq(messages.id, messageId)))
  return row?.seq
}
