/** Wires what users are notified of while they are away. */
import type { Bus } from '../bus/bus.ts'
import type { Config } from '../config/config.ts'
import { ConfigError } from '../config/errors.ts'
import { publishInvalidation } from '../domain/invalidations.ts'
import { createDevices } from '../domain/push/devices.ts'
import { createNotificationSettings } from '../domain/push/notification-settings.ts'
import { PUSH_KINDS, type PushServices } from '../domain/push/push.ts'
import { UnsubscribeTokens } from '../domain/push/unsubscribing.ts'
import { loadVapidKeys, VAPID_PURPOSE, type VapidKeys, vapidKeysOf } from '../domain/push/vapid.ts'
import type { Outbound } from '../domain/webhooks/outbound.ts'
import { OutboundClient } from '../integrations/outbound/outbound-client.ts'
import { openPushServices, PushKeyError } from '../integrations/push/open-push.ts'
import { SealedTexts } from '../lib/sealed-texts.ts'
import type { Orm } from '../store/database.ts'

/** Dependencies of the notifications. */
export type PushDeps = {
  config: Config
  orm: Orm
  bus: Bus
  outbound: Outbound
  log: Record<'warn', (details: object, message: string) => void>
}

/** The notifications of this server. */
export type PushParts = Awaited<ReturnType<typeof createPush>>

/** Opens the push services, and what is registered for them. @throws {ConfigError} when a key cannot be used */
export async function createPush (deps: PushDeps) {
  const { config, orm, bus, outbound } = deps
  const vapid = await findKeys(deps)
  // Addresses that the operator has chosen may be in the own network.
  const trusted = new OutboundClient({ isPrivateAllowed: true })
  const services = openServices(config, vapid, { outbound, trusted })
  const kinds = PUSH_KINDS.filter((kind) => services[kind] !== undefined)
  const onChanged = () => publishInvalidation(bus, { type: 'followers_changed' })
  return {
    /** What clients have to know to register a device. */
    offer: { kinds, vapidPublicKey: vapid?.publicKey },
    services,
    devices: createDevices({ orm, kinds, isPrivateAllowed: config.areWebhooksPrivate, onChanged }),
    settings: createNotificationSettings({ orm, onChanged }),
    unsubscribe: new UnsubscribeTokens(config.jwtSecrets),
    close: () => {
      trusted.close()
      for (const service of Object.values(services)) service.close()
    }
  }
}

async function findKeys ({ config, orm, log }: PushDeps): Promise<VapidKeys | undefined> {
  const { privateKey } = config.push.vapid
  if (privateKey !== undefined) {
    try {
      return vapidKeysOf(privateKey)
    } catch {
      throw new ConfigError('VAPID_PRIVATE_KEY cannot be used: it is no private key of P-256.')
    }
  }
  const keys = await loadVapidKeys(orm, new SealedTexts(config.jwtSecrets, VAPID_PURPOSE))
  if (keys === undefined) {
    log.warn(
      {},
      'browsers are sent no pushes: the key for them was encrypted with a JWT_SECRET that is not there any more; add ' +
      'that one again, or set VAPID_PRIVATE_KEY'
    )
  }
  return keys
}

function openServices (
  { push: { vapid: { subject }, fcm, apns } }: Config, keys: VapidKeys | undefined,
  clients: { outbound: Outbound, trusted: Outbound }
): PushServices {
  try {
    return openPushServices({
      vapid: keys && { keys, subject },
      fcm: fcm?.account === undefined ? undefined : { ...fcm, account: fcm.account },
      apns: apns?.key === undefined ? undefined : { ...apns, key: apns.key },
      ...clients
    })
  } catch (error) {
    throw error instanceof PushKeyError ? new ConfigError(error.message) : error
  }
}
