/** Kinds of columns that many tables have. */
import { bigint, timestamp } from 'drizzle-orm/pg-core'

/** The primary key of a table that numbers its rows. */
export const id = () => bigint('id', { mode: 'number' }).primaryKey().generatedByDefaultAsIdentity()

/** A time, to the millisecond. */
export const instant = (name: string) => timestamp(name, { mode: 'date', withTimezone: true, precision: 3 })

/** The time of the insert. */
export const createdAt = () => instant('created_at').notNull().defaultNow()

/** An id of another table or a number in it. */
export const reference = (name: string) => bigint(name, { mode: 'number' }).notNull()
