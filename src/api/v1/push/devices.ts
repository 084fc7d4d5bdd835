/** `/v1/me/devices`: where the user that calls is notified. */
import Type, { type Static } from 'typebox'
import { type Device, MAX_DEVICES } from '../../../domain/push/devices.ts'
import { json, noBody } from '../../http/answers.ts'
import { principalOf } from '../../http/principals.ts'
import { limitedAs } from '../../http/quotas.ts'
import type { Scope } from '../../http/scope.ts'
import { NOTIFICATIONS } from '../tags.ts'
import { Kind } from './offer.ts'

const PATH = '/me/devices/:device'
const ERRORS = ['user_required', 'insufficient_scope'] as const
const ID_PATTERN = '^(?!\\.{1,2}$)[A-Za-z0-9._~-]{1,64}$'
const [MAX_URL_LENGTH, MAX_KEY_LENGTH, MAX_TOKEN_LENGTH, MAX_TOPIC_LENGTH, MAX_NAME_LENGTH] =
  [2_048, 128, 4_096, 255, 100]

const DeviceParams = Type.Object({
  device: Type.String({ pattern: ID_PATTERN, description: 'The id of the device, chosen by its client.' })
})
const Name = Type.String({ maxLength: MAX_NAME_LENGTH, description: 'For a list that people see.' })
const Environment = Type.Enum(['production', 'sandbox'], {
  type: 'string', description: 'Of `apns`: which of the services of Apple issued the token; by default `production`.'
})

const Body = Type.Object(
  {
    kind: Kind,
    endpoint: Type.Optional(Type.String({
      maxLength: MAX_URL_LENGTH, description: 'Of `web`: the endpoint of the subscription.'
    })),
    keys: Type.Optional(Type.Object(
      {
        p256dh: Type.String({ maxLength: MAX_KEY_LENGTH }),
        auth: Type.String({ maxLength: MAX_KEY_LENGTH })
      },
      { additionalProperties: false, description: 'Of `web`: the keys of the subscription, in base64url.' }
    )),
    token: Type.Optional(Type.String({
      maxLength: MAX_TOKEN_LENGTH, description: 'Of `fcm` and `apns`: the token that the device has got.'
    })),
    topic: Type.Optional(Type.String({
      maxLength: MAX_TOPIC_LENGTH, description: 'Of `apns`: the bundle id of the app, if it is not that of the server.'
    })),
    environment: Type.Optional(Environment),
    name: Type.Optional(Name)
  },
  {
    additionalProperties: false,
    examples: [
      {
        kind: 'web',
        endpoint: 'https://updates.push.services.mozilla.com/wpush/v2/gAAAAABl',
        keys: {
          p256dh: 'BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM',
          auth: 'tBHItJI5svbpez7KI4CCXg'
        },
        name: 'Firefox on the desk'
      },
      { kind: 'fcm', token: 'bk3RNwTe3H0:CI2k_HHwgIpoDKCIZvvDMExUdFQ3P1' }
    ]
  }
)

/** A device, as its user sees it. */
export const DeviceSchema = Type.Object(
  {
    device: Type.String(),
    kind: Kind,
    name: Type.Union([Type.String(), Type.Null()]),
    failing_since: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
      description: 'Since when nothing has arrived there; null when the last push did.'
    }),
    created_at: Type.String({ format: 'date-time' }),
    updated_at: Type.String({ format: 'date-time' })
  },
  { title: 'Device' }
)

/** An example of one. */
export const EXAMPLE_DEVICE: Static<typeof DeviceSchema> = {
  device: 'firefox-7c2e',
  kind: 'web',
  name: 'Firefox on the desk',
  failing_since: null,
  created_at: '2026-01-31T12:34:56.789Z',
  updated_at: '2026-01-31T12:34:56.789Z'
}

/** Encodes a device, without its address. */
export function encodeDevice (
  { deviceId, kind, name, failingSince, createdAt, updatedAt }: Device
): Static<typeof DeviceSchema> {
  return {
    device: deviceId,
    kind,
    name,
    failing_since: failingSince?.toISOString() ?? null,
    created_at: createdAt.toISOString(),
    updated_at: updatedAt.toISOString()
  }
}

/** Adds the route. */
export function listDevices (app: Scope): void {
  app.get(
    '/me/devices',
    {
      config: { errors: [...ERRORS] },
      schema: {
        operationId: 'listDevices',
        tags: [NOTIFICATIONS],
        summary: 'List your devices',
        description: `The oldest first; there are at most ${String(MAX_DEVICES)}.`,
        response: {
          200: json('All of them.', Type.Object({ items: Type.Array(DeviceSchema) }), { items: [EXAMPLE_DEVICE] })
        }
      }
    },
    async (request) => {
      const rows = await app.services.push.devices.list(principalOf(request).userId)
      return { items: rows.map(encodeDevice) }
    }
  )
}

/** Adds the route. */
export function getDevice (app: Scope): void {
  app.get(
    PATH,
    {
      config: { errors: [...ERRORS, 'unknown_device'] },
      schema: {
        operationId: 'getDevice',
        tags: [NOTIFICATIONS],
        summary: 'Get a device',
        params: DeviceParams,
        response: { 200: json('The device, without its address.', DeviceSchema, EXAMPLE_DEVICE) }
      }
    },
    async (request) =>
      encodeDevice(await app.services.push.devices.find(principalOf(request).userId, request.params.device))
  )
}

/** Adds the route. */
export function putDevice (app: Scope): void {
  app.put(
    PATH,
    {
      config: { ...limitedAs('members'), errors: [...ERRORS, 'invalid_input', 'push_off', 'too_many_devices'] },
      schema: {
        operationId: 'putDevice',
        tags: [NOTIFICATIONS],
        summary: 'Register a device, or change it',
        description:
          'You are notified there of messages while you are away, until your session ends or your tokens are ' +
          'revoked, you remove the device, or its service does not know it any more. A subscription or token is ' +
          'that of one device: the one before is removed.',
        params: DeviceParams,
        body: Body,
        response: { 204: noBody('The device is registered.') }
      }
    },
    async (request, reply) => {
      await app.services.push.devices.put(principalOf(request), request.params.device, request.body)
      return reply.code(204).send(null)
    }
  )
}

/** Adds the route. */
export function removeDevice (app: Scope): void {
  app.delete(
    PATH,
    {
      config: { errors: [...ERRORS, 'unknown_device'] },
      schema: {
        operationId: 'deleteDevice',
        tags: [NOTIFICATIONS],
        summary: 'Remove a device',
        params: DeviceParams,
        response: { 204: noBody('Nothing is sent there any more.') }
      }
    },
    async (request, reply) => {
      await app.services.push.devices.remove(principalOf(request).userId, request.params.device)
      return reply.code(204).send(null)
    }
  )
}
