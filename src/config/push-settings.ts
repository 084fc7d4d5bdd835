/** How users are notified while they are away. */
import { readFileSync } from 'node:fs'
import { milliseconds } from './durations.ts'
import type { Environment } from './environment.ts'
import type { Problems } from './problems.ts'

/** See {@link pushSettings}. */
export type PushSettings = ReturnType<typeof pushSettings>

/** The settings of pushes. The keys are read by {@link checkPushKeys}. */
export function pushSettings (env: Environment) {
  return {
    onlineDelayMs: milliseconds(env.PUSH_ONLINE_DELAY),
    intervalMs: milliseconds(env.PUSH_INTERVAL),
    /** Without a key that of the database is used. */
    vapid: { privateKey: env.VAPID_PRIVATE_KEY, subject: env.VAPID_SUBJECT ?? defaultSubject(env) },
    fcm: env.FCM_SERVICE_ACCOUNT === undefined
      ? undefined
      : { account: textOf(env.FCM_SERVICE_ACCOUNT), url: env.FCM_URL.replace(/\/$/, '') },
    apns: env.APNS_KEY === undefined
      ? undefined
      : {
          key: textOf(env.APNS_KEY),
          keyId: env.APNS_KEY_ID ?? '',
          teamId: env.APNS_TEAM_ID ?? '',
          topic: env.APNS_TOPIC ?? '',
          url: env.APNS_URL === undefined ? undefined : new URL(env.APNS_URL).origin
        }
  }
}

/** Adds what is wrong with the keys. */
export function checkPushKeys (env: Environment, problems: Problems): void {
  for (const name of ['FCM_SERVICE_ACCOUNT', 'APNS_KEY'] as const) {
    const value = env[name]
    if (value !== undefined && textOf(value) === undefined)
      problems.add(`${name} names a file that cannot be read.`, name)
  }
}

/** A key itself, or the content of its file; undefined when that cannot be read. */
function textOf (value: string): string | undefined {
  if (/^(\{|-----BEGIN)/.test(value)) return value
  try {
    return readFileSync(value, 'utf8')
  } catch {
    return undefined
  }
}

function defaultSubject ({ PUBLIC_URL, MAIL_FROM }: Environment): string {
  if (PUBLIC_URL?.startsWith('https://') === true) return PUBLIC_URL
  const address = /<([^<>\s]+@[^<>\s]+)>/.exec(MAIL_FROM)?.[1] ?? MAIL_FROM.trim()
  return `mailto:${address}`
}
