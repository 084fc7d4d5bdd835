/** The devices on which users are notified. */
import { createHash, ECDH } from 'node:crypto'
import { parseTargetUrl } from '../../lib/target-url.ts'
import type { Orm } from '../../store/database.ts'
import * as store from '../../store/push-devices.ts'
import { parseTokenCredential, type Principal } from '../accounts/principal.ts'
import { ChatError } from '../errors.ts'
import { isStorable } from '../text.ts'
import { fieldError } from '../webhooks/target.ts'
import type { PushKind } from './push.ts'

/** Devices of one user. */
export const MAX_DEVICES = 20

const MS_PER_S = 1_000
const [PUBLIC_KEY_BYTES, AUTH_BYTES] = [65, 16]
const BASE64URL = /^[A-Za-z0-9_-]+={0,2}$/
const FCM_TOKEN = /^[\w:.~-]{1,4096}$/
/** Apple does not promise a length. */
const APNS_TOKEN = /^(?:[0-9a-fA-F]{2}){8,100}$/
const APNS_TOPIC = /^[A-Za-z0-9.-]{1,255}$/

/** The hosts of the push services of browsers, by the name under which their pushes wait. */
const WEB_SERVICES: readonly (readonly [string, RegExp])[] = [
  ['web-google', /(^|\.)googleapis\.com$/],
  ['web-mozilla', /(^|\.)push\.services\.mozilla\.com$/],
  ['web-microsoft', /(^|\.)notify\.windows\.com$/],
  ['web-apple', /(^|\.)push\.apple\.com$/]
]
/** All others share one line, so that nobody gets more by registering slow servers of their own. */
const OTHER_SERVICE = 'web-other'

/** A device as it is stored. */
export type Device = store.DeviceRow

/** What a client says of a device; which fields depends on its kind. */
export type DeviceRequest = {
  kind: PushKind
  endpoint?: string | undefined
  keys?: { p256dh: string, auth: string } | undefined
  token?: string | undefined
  topic?: string | undefined
  environment?: 'production' | 'sandbox' | undefined
  name?: string | undefined
}

/** Dependencies of the devices. */
export type DevicesDeps = {
  orm: Orm
  /** The kinds that this server can send to. */
  kinds: readonly PushKind[]
  /** Whether endpoints may be in the own network. */
  isPrivateAllowed: boolean
  /** Called after each commit that adds or removes a device. */
  onChanged: () => void
}

/** The devices of the users of this server. */
export type Devices = ReturnType<typeof createDevices>

/** Wires the devices. Those that name one throw `unknown_device`. */
export function createDevices (deps: DevicesDeps) {
  const { orm, onChanged } = deps
  return {
    /** The devices of a user, the oldest first. */
    list: (userId: number): Promise<Device[]> => store.listDevices(orm, userId),
    find: async (userId: number, id: string): Promise<Device> => {
      const row = await store.findDevice(orm, userId, id)
      if (row === undefined) throw new ChatError('unknown_device')
      return row
    },
    /**
     * Registers a device, or changes it. It ends with the session or the tokens of the caller.
     * @throws {ChatError} `invalid_input`, `push_off`, `too_many_devices`
     */
    put: async (caller: Principal, id: string, request: DeviceRequest): Promise<void> => {
      const stored = await store.putDevice(orm, deviceOf(deps, caller, id, request), MAX_DEVICES)
      if (stored === undefined) throw new ChatError('too_many_devices')
      if (stored.isNew) onChanged()
    },
    remove: async (userId: number, id: string): Promise<void> => {
      if (!await store.deleteDevice(orm, userId, id)) throw new ChatError('unknown_device')
      onChanged()
    }
  }
}

function deviceOf (
  deps: DevicesDeps, { userId, credentialId, keyId }: Principal, deviceId: string, request: DeviceRequest
): store.NewDevice {
  const { kind, name = null } = request
  if (!deps.kinds.includes(kind)) throw new ChatError('push_off')
  if (name !== null && !isStorable(name)) throw fieldError('name', 'The name has characters that cannot be stored.')
  const address = addressOf(request, deps.isPrivateAllowed)
  const token = parseTokenCredential(credentialId)
  return {
    userId,
    deviceId,
    kind,
    service: address.kind === 'web' ? webServiceOf(address.endpoint) : kind,
    address,
    addressHash: hashOf(address),
    name,
    sessionId: token === undefined && keyId === undefined ? credentialId : null,
    issuedAt: token === undefined ? undefined : new Date(token.issuedAt * MS_PER_S)
  }
}

/** The address that a request names. @throws {ChatError} `invalid_input` */
function addressOf (request: DeviceRequest, isPrivateAllowed: boolean): store.StoredAddress {
  refuseOthers(request)
  switch (request.kind) {
    case 'web': return webAddressOf(request, isPrivateAllowed)
    case 'fcm': return { kind: 'fcm', token: tokenOf(request, FCM_TOKEN) }
    case 'apns': {
      const { topic = null, environment = 'production' } = request
      if (topic !== null && !APNS_TOPIC.test(topic)) throw fieldError('topic', 'The topic is no bundle id.')
      return { kind: 'apns', token: tokenOf(request, APNS_TOKEN).toLowerCase(), topic, environment }
    }
  }
}

/** A field that means nothing for the kind is a mistake. */
const FIELDS: Readonly<Record<PushKind, readonly (keyof DeviceRequest)[]>> = {
  web: ['endpoint', 'keys'], fcm: ['token'], apns: ['token', 'topic', 'environment']
}

function refuseOthers (request: DeviceRequest): void {
  for (const field of ['endpoint', 'keys', 'token', 'topic', 'environment'] as const) {
    if (request[field] !== undefined && !FIELDS[request.kind].includes(field))
      throw fieldError(field, `A device of the kind ${request.kind} has no field "${field}".`)
  }
}

function webAddressOf ({ endpoint, keys }: DeviceRequest, isPrivateAllowed: boolean): store.StoredAddress {
  if (endpoint === undefined) throw fieldError('endpoint', 'The endpoint of the subscription is missing.')
  const url = parseTargetUrl(endpoint, isPrivateAllowed)
  if (typeof url === 'string') throw fieldError('endpoint', url)
  if (keys === undefined) throw fieldError('keys', 'The keys of the subscription are missing.')
  const { p256dh, auth } = keys
  if (!BASE64URL.test(p256dh) || !isPublicKey(Buffer.from(p256dh, 'base64url')))
    throw fieldError('keys/p256dh', 'The field is no public key of a subscription.')
  if (!BASE64URL.test(auth) || Buffer.from(auth, 'base64url').length !== AUTH_BYTES)
    throw fieldError('keys/auth', 'The field is no secret of a subscription.')
  return { kind: 'web', endpoint: url.href, keys: { p256dh, auth } }
}

/** Whether it is a point of P-256, with which a secret can be agreed on. */
function isPublicKey (bytes: Buffer): boolean {
  if (bytes.length !== PUBLIC_KEY_BYTES) return false
  try {
    ECDH.convertKey(bytes, 'prime256v1')
    return true
  } catch {
    return false
  }
}

function tokenOf ({ token }: DeviceRequest, form: RegExp): string {
  if (token === undefined) throw fieldError('token', 'The token of the device is missing.')
  if (!form.test(token)) throw fieldError('token', 'The field is no token of a device of this kind.')
  return token
}

function webServiceOf (endpoint: string): string {
  const { hostname } = new URL(endpoint)
  return WEB_SERVICES.find(([, hosts]) => hosts.test(hostname))?.[0] ?? OTHER_SERVICE
}

function hashOf (address: store.StoredAddress): string {
  const place = address.kind === 'web' ? address.endpoint : address.token
  return createHash('sha256').update(`${address.kind}\n${place}`).digest('base64url')
}
