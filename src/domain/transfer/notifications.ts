/** What users want to be notified of, as it is in records: what is as by default is left out. */
import type { SettingsToInsert } from '../../store/transfer/users.ts'
import type { DeviceRow } from '../../store/push-devices.ts'
import type { Settings } from '../../store/notification-settings.ts'
import { minuteOf, timeOf, timeZoneOf } from '../push/quiet-hours.ts'
import type { UserRecord } from './records.ts'

type Notifications = NonNullable<UserRecord['notifications']>
type SettingsOrNone = { [Name in keyof Settings]: Settings[Name] | null }
type Device = NonNullable<UserRecord['devices']>[number]

/** The settings in a record; undefined where all are as by default. */
export function notificationsOf (
  { push, previews, quietFrom, quietTo, timeZone, mailAfterMinutes }: SettingsOrNone
): Notifications | undefined {
  const notifications: Notifications = {
    ...(push !== null && push !== 'all' && { push }),
    ...(previews === false && { previews: 'off' as const }),
    ...(quietFrom !== null && quietTo !== null && timeZone !== null && {
      quiet_hours: { from: timeOf(quietFrom), to: timeOf(quietTo), timezone: timeZone }
    }),
    ...(mailAfterMinutes !== null && { unread_mail: { after_minutes: mailAfterMinutes } })
  }
  return Object.keys(notifications).length === 0 ? undefined : notifications
}

/** The row of settings in a record; a sentence if they cannot be kept. */
export function settingsRowOf (
  userId: number, { push = 'all', previews, quiet_hours: quiet, unread_mail: mail }: Notifications
): SettingsToInsert | string {
  const row = { user_id: userId, push, previews: previews !== 'off', mail_after_minutes: mail?.after_minutes }
  if (quiet === undefined) return row
  const [quietFrom, quietTo, timeZone] = [minuteOf(quiet.from), minuteOf(quiet.to), timeZoneOf(quiet.timezone)]
  if (quietFrom === quietTo) return 'quiet hours go from one time to another one'
  if (timeZone === undefined) return `there is no time zone ${JSON.stringify(quiet.timezone)}`
  return { ...row, quiet_from: quietFrom, quiet_to: quietTo, time_zone: timeZone }
}

/** A device of a user, without the address by which it is reached. */
export function deviceOf ({ deviceId, kind, name, failingSince, createdAt, updatedAt }: DeviceRow): Device {
  return {
    device: deviceId,
    kind,
    ...(name !== null && { name }),
    ...(failingSince !== null && { failing_since: failingSince.toISOString() }),
    created_at: createdAt.toISOString(),
    updated_at: updatedAt.toISOString()
  }
}
