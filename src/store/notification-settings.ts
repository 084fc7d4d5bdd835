/** Queries on what users want to be notified of. */
import { eq, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { notificationSettings } from './schema.ts'

/** A row of `notification_settings`. */
export type SettingsRow = typeof notificationSettings.$inferSelect
/** What users set. */
export type Settings = Omit<SettingsRow, 'userId' | 'mailedAt' | 'devices'>

const { push, previews, quietFrom, quietTo, timeZone, mailAfterMinutes } = notificationSettings
const COLUMNS = { push, previews, quietFrom, quietTo, timeZone, mailAfterMinutes }

/** The settings of a user; undefined for one who has none, and no device. */
export async function findSettings (orm: Orm, userId: number): Promise<Settings | undefined> {
  const [row] = await orm.select(COLUMNS).from(notificationSettings).where(eq(notificationSettings.userId, userId))
  return row
}

/** Replaces the settings of a user. */
export async function putSettings (orm: Orm, userId: number, settings: Settings): Promise<void> {
  await orm.insert(notificationSettings).values({ userId, ...settings })
    .onConflictDoUpdate({ target: notificationSettings.userId, set: settings })
}

/** Ends the mails of a user about unread messages. */
export async function endUnreadMails (orm: Orm, userId: number): Promise<void> {
  await orm.update(notificationSettings).set({ mailAfterMinutes: null }).where(eq(notificationSettings.userId, userId))
}

/** When the last mail about unread messages was made for a user, and the time after which one is wanted, in minutes. */
export type MailState = Pick<SettingsRow, 'mailedAt' | 'mailAfterMinutes'>

/**
 * Locks the state of a user's mails about unread messages until the transaction ends.
 * @returns undefined for a user without settings
 */
export async function lockMailState (tx: Orm, userId: number): Promise<MailState | undefined> {
  const [row] = await tx
    .select({ mailedAt: notificationSettings.mailedAt, mailAfterMinutes: notificationSettings.mailAfterMinutes })
    .from(notificationSettings).where(eq(notificationSettings.userId, userId)).for('update')
  return row
}

/** Notes that a mail about unread messages was made. */
export async function noteMailed (tx: Orm, userId: number): Promise<void> {
  await tx.update(notificationSettings).set({ mailedAt: sql`now()` }).where(eq(notificationSettings.userId, userId))
}
