/** What users want to be notified of. */
import type { Orm } from '../../store/database.ts'
import * as store from '../../store/notification-settings.ts'
import { findUserById } from '../../store/users.ts'
import { ChatError } from '../errors.ts'
import { fieldError } from '../webhooks/target.ts'
import { minuteOf, timeOf, timeZoneOf } from './quiet-hours.ts'

/** Bounds of the time after which unread messages are mailed, in minutes. */
export const [MIN_MAIL_MINUTES, MAX_MAIL_MINUTES] = [5, 10_080]

/** The settings of a user. */
export type NotificationSettings = {
  /** Which messages: those of all chats that let it, those that mention the user, or none. */
  push: 'all' | 'mentions' | 'none'
  /** Whether notifications contain the beginning of the text. */
  arePreviewed: boolean
  quietHours: { from: string, to: string, timeZone: string } | null
  /** Time after which unread messages are mailed, in minutes; null for no mails. */
  mailAfterMinutes: number | null
}

const DEFAULTS: NotificationSettings = { push: 'all', arePreviewed: true, quietHours: null, mailAfterMinutes: null }

/** The settings of the users of this server. */
export type NotificationSettingsService = ReturnType<typeof createNotificationSettings>

/** Wires the settings. @param onChanged called after each commit that may change who is to be notified */
export function createNotificationSettings ({ orm, onChanged }: { orm: Orm, onChanged: () => void }) {
  return {
    find: (userId: number): Promise<NotificationSettings> => findNotificationSettings(orm, userId),
    /**
     * Replaces the settings of a user; what is not given is as by default.
     * @throws {ChatError} `invalid_input`, `unverified` for mails to a user without a verified address
     */
    put: async (userId: number, given: Partial<NotificationSettings>): Promise<void> => {
      const { push, arePreviewed, quietHours, mailAfterMinutes } = { ...DEFAULTS, ...given }
      if (mailAfterMinutes !== null) await requireAddress(orm, userId)
      await store.putSettings(orm, userId, {
        push, previews: arePreviewed, mailAfterMinutes, ...quietColumns(quietHours)
      })
      onChanged()
    },
    /** Ends the mails of a user about unread messages. */
    endMails: async (userId: number): Promise<void> => {
      await store.endUnreadMails(orm, userId)
    }
  }
}

/** Returns the settings of a user. */
export async function findNotificationSettings (orm: Orm, userId: number): Promise<NotificationSettings> {
  const row = await store.findSettings(orm, userId)
  return row === undefined ? DEFAULTS : settingsOf(row)
}

async function requireAddress (orm: Orm, userId: number): Promise<void> {
  if ((await findUserById(orm, userId))?.emailVerifiedAt == null)
    throw new ChatError('unverified', 'You have no verified e-mail address to send mails to.')
}

function quietColumns (hours: NotificationSettings['quietHours']) {
  if (hours === null) return { quietFrom: null, quietTo: null, timeZone: null }
  const [quietFrom, quietTo, timeZone] = [minuteOf(hours.from), minuteOf(hours.to), timeZoneOf(hours.timeZone)]
  if (quietFrom === undefined || quietTo === undefined || quietFrom === quietTo)
    throw fieldError('quiet_hours', 'Quiet hours go from one time to another one, such as 22:00 and 07:30.')
  if (timeZone === undefined)
    throw fieldError('quiet_hours/timezone', 'There is no such time zone: name one such as Europe/Berlin.')
  return { quietFrom, quietTo, timeZone }
}

function settingsOf (
  { push, previews: arePreviewed, quietFrom, quietTo, timeZone, mailAfterMinutes }: store.Settings
): NotificationSettings {
  const quietHours = quietFrom === null || quietTo === null || timeZone === null
    ? null
    : { from: timeOf(quietFrom), to: timeOf(quietTo), timeZone }
  return { push, arePreviewed, quietHours, mailAfterMinutes }
}
