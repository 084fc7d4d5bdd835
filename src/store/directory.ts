/** Queries on the list of active accounts, which are numbered without a gap so that any page of it costs the same. */
import { and, asc, gt, lte, max, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { users } from './schema.ts'
import type { UserRow } from './users.ts'

/** Any number will do, as long as every build of Confab uses the same. */
const NUMBERING_LOCK = 5_123_000_002

/** A page of a list, and how many items the whole list has. */
export type CountedPage<Item> = { items: Item[], totalCount: number }
/** Which items of a list: `limit` of them after the first `offset`. */
export type PageRange = { offset: number, limit: number }
/** What the list says of an account. */
export type DirectoryEntry = Pick<
  UserRow,
  'id' | 'username' | 'displayName' | 'email' | 'emailVerifiedAt' | 'createdAt'
>

/**
 * Gives the active accounts that have none the next numbers: the one that this transaction activated, and any that an
 * older release did. To be the last that a transaction does: others wait for its end.
 */
export async function numberAccounts (tx: Orm): Promise<void> {
  // On its own, so that the next statement sees what was committed while this one waited.
  await tx
    .select({ locked: sql`pg_advisory_xact_lock(${NUMBERING_LOCK}::bigint)::text` })
    .from(sql`(values (1)) as once`)
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

/** A page of the active accounts, in the order they became active: a range of their numbers, wherever it is. */
export async function listDirectory (orm: Orm, range: PageRange): Promise<CountedPage<DirectoryEntry>> {
  const rows = await selectDirectory(orm, range)
  return { items: rows.flatMap(({ entry }) => entry ?? []), totalCount: rows[0]?.totalCount ?? 0 }
}

/** The one statement of {@link listDirectory}: a row per account of the page, or one of nulls when there is none. */
export function selectDirectory (orm: Orm, { offset, limit }: PageRange) {
  const total = orm.$with('total').as(orm.select({ count: max(users.directoryPosition).as('count') }).from(users))
  const { id, username, displayName, email, emailVerifiedAt, createdAt } = users
  return orm
    .with(total)
    .select({ totalCount: total.count, entry: { id, username, displayName, email, emailVerifiedAt, createdAt } })
    .from(total)
    .leftJoin(users, and(gt(users.directoryPosition, offset), lte(users.directoryPosition, offset + limit)))
    .orderBy(asc(users.directoryPosition))
}
