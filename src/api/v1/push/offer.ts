/** `/v1/push`: what a client has to know to register a device. */
import Type from 'typebox'
import { PUSH_KINDS } from '../../../domain/push/push.ts'
import { json } from '../../http/answers.ts'
import type { Scope } from '../../http/scope.ts'
import { NOTIFICATIONS } from '../tags.ts'

const EXAMPLE_KEY =
  'BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM'

/** The kind of a device. */
export const Kind = Type.Enum([...PUSH_KINDS], { type: 'string', description: 'The service that reaches the device.' })

/** Adds the route. */
export function getPushOffer (app: Scope): void {
  app.get(
    '/push',
    {
      schema: {
        operationId: 'getPush',
        tags: [NOTIFICATIONS],
        summary: 'Get which devices can be notified',
        description: 'Browsers subscribe with `vapid_public_key` as their `applicationServerKey`.',
        response: {
          200: json(
            'The kinds of devices that this server can send to.',
            Type.Object(
              {
                kinds: Type.Array(Kind),
                vapid_public_key: Type.Union([Type.String(), Type.Null()], {
                  description: 'The public key of this server for Web Push, in base64url; null without the kind `web`.'
                })
              },
              { title: 'PushOffer' }
            ),
            { kinds: ['web', 'fcm'], vapid_public_key: EXAMPLE_KEY }
          )
        }
      }
    },
    async () => {
      const { kinds, vapidPublicKey = null } = app.services.push.offer
      return { kinds, vapid_public_key: vapidPublicKey }
    }
  )
}
