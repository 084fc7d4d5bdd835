/** Queries on the list of active accounts, which are numbered without a gap so that each page of it costs the same. */
import { and, asc, gt, lte, max, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { users } from './schema.ts'
import type { UserRow } from './users.ts'

/** An arbitrary number, the same in every build of Confab. */
const NUMBERING_LOCK = 5_123_000_002

/** A page of a list, and the number of items in the whole list. */
export type CountedPage<Item> = { items: Item[], totalCount: number }
/** A range of a list: `limit` items after the first `offset`. */
export type PageRange = { offset: number, limit: number }
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
  // A statement of its own, so that the next one sees rows that were committed while this one waited.
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

/** Returns a page of the active accounts, in the order they became active: a range of their numbers. */
export async function listDirectory (orm: Orm, range: PageRange): Promise<CountedPage<DirectoryEntry>> {
  const rows = await selectDirectory(orm, range)
  return { items: rows.flatMap(({ entry }) => entry ?? []), totalCount: rows[0]?.totalCount ?? 0 }
}

/** The statement of {@link listDirectory}: a row per account of the page, or one row of nulls when there is none. */
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
