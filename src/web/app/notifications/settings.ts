/** What the user is notified of, as the server keeps it. */
import type { ConfabClient } from '../../../client/index.ts'

/** The settings. */
export type NotificationSettings = {
  readonly push: 'all' | 'mentions' | 'none'
  readonly previews: 'on' | 'off'
  readonly quiet_hours: { readonly from: string, readonly to: string, readonly timezone: string } | null
  readonly unread_mail: { readonly after_minutes: number } | null
}

const PATH = '/me/notifications'

/** Loads them. @throws {ConfabProblem} */
export async function loadSettings (client: ConfabClient): Promise<NotificationSettings | null> {
  const settings: unknown = await client.request(PATH)
  return isSettings(settings) ? settings : null
}

/** Replaces them. @throws {ConfabProblem} */
export async function saveSettings (client: ConfabClient, settings: NotificationSettings): Promise<void> {
  await client.request(PATH, { method: 'PUT', body: settings })
}

/** Whether it is quiet at a time. Times are those of the zone. */
export function isQuiet ({ quiet_hours: quiet }: NotificationSettings, now: Date): boolean {
  if (quiet === null) return false
  const { from, to, timezone } = quiet
  const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: timezone }).format(now)
  return from <= to ? time >= from && time < to : time >= from || time < to
}

function isSettings (value: unknown): value is NotificationSettings {
  return typeof value === 'object' && value !== null && 'push' in value && 'previews' in value &&
    'quiet_hours' in value && 'unread_mail' in value
}
