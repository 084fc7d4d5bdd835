/** `/v1/me/notifications`: what the user that calls wants to be notified of. */
import Type, { type Static } from 'typebox'
import {
  MAX_MAIL_MINUTES, MIN_MAIL_MINUTES, type NotificationSettings
} from '../../../domain/push/notification-settings.ts'
import { json, noBody } from '../../http/answers.ts'
import { principalOf } from '../../http/principals.ts'
import type { Scope } from '../../http/scope.ts'
import { NOTIFICATIONS } from '../tags.ts'

const PATH = '/me/notifications'
const ERRORS = ['user_required', 'insufficient_scope'] as const
const MAX_ZONE_LENGTH = 64

const Time = Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$', description: 'Such as `22:30`.' })
const QuietHours = Type.Union(
  [
    Type.Object(
      {
        from: Time,
        to: Time,
        timezone: Type.String({ maxLength: MAX_ZONE_LENGTH, description: 'A time zone such as `Europe/Berlin`.' })
      },
      { additionalProperties: false }
    ),
    Type.Null()
  ],
  { description: 'No push is sent at this time of the day; what it would have told is not sent later, either.' }
)
const UnreadMail = Type.Union(
  [
    Type.Object(
      { after_minutes: Type.Integer({ minimum: MIN_MAIL_MINUTES, maximum: MAX_MAIL_MINUTES }) },
      { additionalProperties: false }
    ),
    Type.Null()
  ],
  { description: 'A mail about messages that are unread for so long, at most one in that time; null for none.' }
)
const FIELDS = {
  push: Type.Enum(['all', 'mentions', 'none'], {
    type: 'string', description: 'Which messages; a chat may ask for less in its own `notifications`.'
  }),
  previews: Type.Enum(['on', 'off'], {
    type: 'string', description: 'Whether pushes contain the beginning of the text.'
  }),
  quiet_hours: QuietHours,
  unread_mail: UnreadMail
}
/** What a user wants to be notified of. */
export const SettingsSchema = Type.Object(FIELDS, { title: 'NotificationSettings' })
/** An example. */
export const EXAMPLE_SETTINGS: Static<typeof SettingsSchema> = {
  push: 'all',
  previews: 'on',
  quiet_hours: { from: '22:00', to: '07:30', timezone: 'Europe/Berlin' },
  unread_mail: { after_minutes: 60 }
}

/** Adds the route. */
export function getNotificationSettings (app: Scope): void {
  app.get(
    PATH,
    {
      config: { errors: [...ERRORS] },
      schema: {
        operationId: 'getNotificationSettings',
        tags: [NOTIFICATIONS],
        summary: 'Get what you are notified of',
        response: { 200: json('The settings.', SettingsSchema, EXAMPLE_SETTINGS) }
      }
    },
    async (request) => encodeSettings(await app.services.push.settings.find(principalOf(request).userId))
  )
}

/** Adds the route. */
export function putNotificationSettings (app: Scope): void {
  app.put(
    PATH,
    {
      config: { errors: [...ERRORS, 'invalid_input', 'unverified'] },
      schema: {
        operationId: 'putNotificationSettings',
        tags: [NOTIFICATIONS],
        summary: 'Set what you are notified of',
        description:
          'A field that is missing is as by default: all messages, with previews, at any time, and no mails. Mails ' +
          'take a verified address, which users of an application do not have here.',
        body: Type.Partial(Type.Object(FIELDS), { additionalProperties: false, examples: [EXAMPLE_SETTINGS] }),
        response: { 204: noBody('They are set.') }
      }
    },
    async (request, reply) => {
      const { push, previews, quiet_hours: quiet, unread_mail: mail } = request.body
      await app.services.push.settings.put(principalOf(request).userId, {
        ...(push !== undefined && { push }),
        ...(previews !== undefined && { arePreviewed: previews === 'on' }),
        ...(quiet !== undefined && {
          quietHours: quiet && { from: quiet.from, to: quiet.to, timeZone: quiet.timezone }
        }),
        ...(mail !== undefined && { mailAfterMinutes: mail && mail.after_minutes })
      })
      return reply.code(204).send(null)
    }
  )
}

/** Encodes the settings of a user. */
export function encodeSettings (
  { push, arePreviewed, quietHours, mailAfterMinutes }: NotificationSettings
): Static<typeof SettingsSchema> {
  return {
    push,
    previews: arePreviewed ? 'on' : 'off',
    quiet_hours: quietHours && { from: quietHours.from, to: quietHours.to, timezone: quietHours.timeZone },
    unread_mail: mailAfterMinutes === null ? null : { after_minutes: mailAfterMinutes }
  }
}
