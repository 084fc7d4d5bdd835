/** Opens the push services that are configured. */
import type { PushServices } from '../../domain/push/push.ts'
import type { VapidKeys } from '../../domain/push/vapid.ts'
import type { Outbound } from '../../domain/webhooks/outbound.ts'
import { Apns, type ApnsOptions } from './apns.ts'
import { Fcm, parseServiceAccount } from './fcm.ts'
import { createWebPush } from './web-push.ts'

/** Settings of the services; `account` and `key` are texts. */
export type PushOptions = {
  /** Undefined where browsers cannot be sent anything. */
  vapid: { keys: VapidKeys, subject: string } | undefined
  fcm: { account: string, url: string } | undefined
  apns: ApnsOptions | undefined
  /** For addresses that users name. */
  outbound: Outbound
  /** For addresses that the operator names, which may be in the own network. */
  trusted: Outbound
}

/** A key of a push service cannot be used. `variable` is the one that names it. */
export class PushKeyError extends Error {
  override readonly name = 'PushKeyError'
  readonly variable: 'FCM_SERVICE_ACCOUNT' | 'APNS_KEY'

  constructor (variable: PushKeyError['variable'], sentence: string) {
    super(`${variable} cannot be used: ${sentence}`)
    this.variable = variable
  }
}

/** Opens Firebase. @throws {PushKeyError} which contains nothing of the key */
export function openFcm ({ account, url }: { account: string, url: string }, outbound: Outbound): Fcm {
  try {
    return new Fcm({ account: parseServiceAccount(account), url, outbound })
  } catch {
    throw new PushKeyError('FCM_SERVICE_ACCOUNT', 'it is no key of a service account of Google.')
  }
}

/** Opens the service of Apple. @throws {PushKeyError} which contains nothing of the key */
export function openApns (options: ApnsOptions): Apns {
  try {
    return new Apns(options)
  } catch {
    throw new PushKeyError('APNS_KEY', 'it is no private key of P-256 in PEM, as Apple issues them.')
  }
}

/** Opens all services. @throws {PushKeyError} */
export function openPushServices ({ vapid, fcm, apns, outbound, trusted }: PushOptions): PushServices {
  return {
    ...(vapid !== undefined && { web: createWebPush({ ...vapid, outbound }) }),
    ...(fcm !== undefined && { fcm: openFcm(fcm, trusted) }),
    ...(apns !== undefined && { apns: openApns(apns) })
  }
}
