/** What `confab doctor` says of the keys of push services: those of the operator are tried out, nobody is told. */
import type { InspectedConfig } from '../config/config.ts'
import type { Problems } from '../config/problems.ts'
import { findVapidState, vapidKeysOf, type VapidState } from '../domain/push/vapid.ts'
import { OutboundClient } from '../integrations/outbound/outbound-client.ts'
import { openApns, openFcm, PushKeyError } from '../integrations/push/open-push.ts'
import type { Finding } from '../lib/finding.ts'
import { openStore } from '../store/open.ts'

const TIMEOUT_MS = 10_000

const WEB_PUSH = 'Web Push'
const STORED: Readonly<Record<VapidState, Pick<Finding, 'level' | 'text'>>> = {
  missing: { level: 'ok', text: 'its key is made at the first start' },
  readable: { level: 'ok', text: 'the key in the database can be read' },
  sealed: {
    level: 'warning',
    text: 'browsers are sent no pushes: the key in the database was encrypted with a JWT_SECRET that is not there ' +
      'any more; add that one again behind the present one, or set VAPID_PRIVATE_KEY'
  }
}

/** What is known of the environment. */
export type PushSurroundings = {
  /** As in `JWT_SECRET`: what is stored was encrypted with one of them. */
  jwtSecrets: readonly string[]
  problems: Problems
  /** Whether there is a Postgres server to ask; an embedded one is not opened, since a server may run on it. */
  isStoreThere: boolean
}

/** A service whose key can be tried out. */
type Checked = { check: () => Promise<string | undefined>, close: () => void }

/** Checks the keys that are configured, and the one that is stored. */
export async function checkPush (config: InspectedConfig, surroundings: PushSurroundings): Promise<Finding[]> {
  const { fcm, apns } = config.push
  const outbound = new OutboundClient({ isPrivateAllowed: true })
  try {
    const found = await Promise.all([
      checkWebPush(config, surroundings),
      fcm?.account === undefined
        ? undefined
        : tryOut('Firebase', () => openFcm({ ...fcm, account: fcm.account ?? '' }, outbound)),
      apns?.key === undefined || surroundings.problems.concern('APNS_KEY', 'APNS_KEY_ID', 'APNS_TEAM_ID', 'APNS_TOPIC')
        ? undefined
        : tryOut('Apple', () => openApns({ ...apns, key: apns.key ?? '' }))
    ])
    return found.filter((finding) => finding !== undefined)
  } finally {
    outbound.close()
  }
}

/** A key that its service refuses prevents no start: everything else works without it. */
async function tryOut (subject: string, open: () => Checked): Promise<Finding> {
  let service
  try {
    service = open()
  } catch (error) {
    if (!(error instanceof PushKeyError)) throw error
    return { level: 'failure', subject, text: withoutPeriod(error.message) }
  }
  try {
    const reason = await service.check()
    return reason === undefined
      ? { level: 'ok', subject, text: 'it accepts the key' }
      : { level: 'warning', subject, text: `no pushes are sent: ${withoutPeriod(reason)}` }
  } finally {
    service.close()
  }
}

async function checkWebPush (
  config: InspectedConfig, { jwtSecrets, problems, isStoreThere }: PushSurroundings
): Promise<Finding | undefined> {
  const { privateKey } = config.push.vapid
  if (privateKey !== undefined) return checkVapidKey(privateKey)
  if (!isStoreThere || problems.concern('JWT_SECRET')) return undefined
  const database = { ...config.database, pool: 1, timeoutMs: TIMEOUT_MS, migrate: false }
  const store = await openStore({ ...config, database })
  try {
    if ((await store.missingMigrations()).length > 0) return undefined
    return { subject: WEB_PUSH, ...STORED[await findVapidState(store.orm, jwtSecrets)] }
  } finally {
    await store.close()
  }
}

function checkVapidKey (privateKey: string): Finding {
  try {
    vapidKeysOf(privateKey)
    return { level: 'ok', subject: WEB_PUSH, text: 'VAPID_PRIVATE_KEY can be used' }
  } catch {
    const text = 'VAPID_PRIVATE_KEY cannot be used: it is no private key of P-256'
    return { level: 'failure', subject: WEB_PUSH, text }
  }
}

function withoutPeriod (sentence: string): string {
  return sentence.replace(/\.$/, '')
}
