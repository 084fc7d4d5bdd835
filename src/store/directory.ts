/** Queries on the list of active accounts, which are numbered without a gap so that each page of it costs the same. */
import { and, asc, count, gt, isNotNull, isNull, lte, max, or, type SQL, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { users } from './schema.ts'
import type { UserRow } from './users.ts'

/** An arbitrary number, the same in every build of Confab. */
const NUMBERING_LOCK = 5_123_000_002
/** So many accounts a search finds; a user who needs more types another letter. */
const MAX_FOUND = 1_000
const LAST_CHARACTER = '\u{10ffff}'

/** A page of a list, and the number of items in the whole list. */
export type CountedPage<Item> = { items: Item[], totalCount: number }
/** A range of a list: `limit` items after the first `offset`. */
export type PageRange = { offset: number, limit: number }
const ENTRY = {
  id: users.id,
  username: users.username,
  displayName: users.displayName,
  email: users.email,
  emailVerifiedAt: users.emailVerifiedAt,
  createdAt: users.createdAt
}

/** The listed columns of an account. */
export type DirectoryEntry = Pick<
  UserRow,
  'id' | 'username' | 'displayName' | 'email' | 'emailVerifiedAt' | 'createdAt'
>

/**
 * Numbers the active accounts that have no number: the one that this transaction activated, and any that an older
 * release activated. Call it last in a transaction, since others wait for its end.
 */
export async function numberAccounts (tx: Orm): Promise<void> {
  await lockNumbering(tx)
  const waiting = tx
    .select({ id: users.id })
    .from(users)
    .where(sql`${users.activatedAt} is not null and ${users.directoryPosition} is null`)
    .orderBy(asc(users.id))
    .for('update', { skipLocked: true })
  await tx
    .update(users)
    .set({ directoryPosition: sql`numbered.position` })
    .from(
      sql`(select id, (select coalesce(max(${users.directoryPosition}), 0)
        from ${users}) + row_number() over (order by id) as position from (${waiting}) waiting) as numbered`
    )
    .where(sql`${users.id} = numbered.id`)
}

/**
 * Keeps the numbers as they are until the transaction ends. It is a statement of its own, so that the next one sees
 * rows that were committed while this one waited.
 */
export async function lockNumbering (tx: Orm): Promise<void> {
  await tx
    .select({ locked: sql`pg_advisory_xact_lock(${NUMBERING_LOCK}::bigint)::text` })
    .from(sql`(values (1)) as once`)
}

/** Returns a page of the active accounts, in the order they became active: a range of their numbers. */
export async function listDirectory (orm: Orm, range: PageRange): Promise<CountedPage<DirectoryEntry>> {
  const rows = await selectDirectory(orm, range)
  return { items: rows.flatMap(({ entry }) => entry ?? []), totalCount: rows[0]?.totalCount ?? 0 }
}

/**
 * Returns a page of the active accounts whose username or display name begins with a text, in any case as far as the
 * locale of the database knows it, by username. At most {@link MAX_FOUND} are counted and listed.
 */
export async function searchDirectory (
  orm: Orm,
  prefix: string,
  range: PageRange
): Promise<CountedPage<DirectoryEntry>> {
  const rows = await selectFound(orm, prefix, range)
  return { items: rows.flatMap(({ entry }) => entry ?? []), totalCount: rows[0]?.totalCount ?? 0 }
}

/** The statement of {@link searchDirectory}; see {@link selectDirectory}. */
export function selectFound (orm: Orm, prefix: string, { offset, limit }: PageRange) {
  const found = orm.$with('found').as(
    orm
      .select(ENTRY)
      .from(users)
      .where(and(
        isNotNull(users.directoryPosition),
        isNull(users.deletedAt),
        or(
          beginsWith(sql`${users.usernameKey}`, (bound) => sql`${bound.toLowerCase()}`, prefix),
          beginsWith(sql`lower(${users.displayName})`, (bound) => sql`lower(${bound})`, prefix)
        )
      ))
      .limit(MAX_FOUND)
  )
  const total = orm.$with('total').as(orm.select({ count: count().as('count') }).from(found))
  const page = orm.$with('page').as(
    orm.select().from(found).orderBy(asc(found.username)).limit(limit).offset(Math.min(offset, MAX_FOUND))
  )
  const { id, username, displayName, email, emailVerifiedAt, createdAt } = page
  return orm
    .with(found, total, page)
    .select({ totalCount: total.count, entry: { id, username, displayName, email, emailVerifiedAt, createdAt } })
    .from(total)
    .leftJoin(page, sql`true`)
    .orderBy(asc(page.username))
}

/** A range of an index with `text_pattern_ops`, which a plan for any prefix can use, unlike `LIKE`. */
export function beginsWith (text: SQL, boundOf: (text: string) => SQL, prefix: string): SQL {
  return sql`(${text} ~>=~ ${boundOf(prefix)} and ${text} ~<~ ${boundOf(prefix + LAST_CHARACTER)})`
}

/** The statement of {@link listDirectory}: a row per account of the page, or one row of nulls when there is none. */
export function selectDirectory (orm: Orm, { offset, limit }: PageRange) {
  const total = orm.$with('total').as(orm.select({ count: max(users.directoryPosition).as('count') }).from(users))
  return orm
    .with(total)
    .select({ totalCount: total.count, entry: ENTRY })
    .from(total)
    .leftJoin(
      users,
      // A deleted account keeps its number until the last one gets it.
      and(gt(users.directoryPosition, offset), lte(users.directoryPosition, offset + limit), isNull(users.deletedAt))
    )
    .orderBy(asc(users.directoryPosition))
}
