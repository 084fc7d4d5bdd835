/** The environment variables of Confab; their types, defaults, bounds and descriptions are in `variables/`. */
import Type, { type Static } from 'typebox'
import { ACCOUNTS } from './variables/accounts.ts'
import { FILES } from './variables/files.ts'
import { INTEGRATIONS } from './variables/integrations.ts'
import { NETWORK } from './variables/network.ts'
import { PROCESS } from './variables/process.ts'
import { PUSH } from './variables/push.ts'
import { REALTIME } from './variables/realtime.ts'
import { REQUESTS } from './variables/requests.ts'
import { STORAGE } from './variables/storage.ts'

/** Every variable, with its default, its bounds and its description. */
export const EnvironmentSchema = Type.Object({
  ...NETWORK,
  ...STORAGE,
  ...FILES,
  ...ACCOUNTS,
  ...REQUESTS,
  ...REALTIME,
  ...INTEGRATIONS,
  ...PUSH,
  ...PROCESS
})

/** The checked values of the variables. */
export type Environment = Static<typeof EnvironmentSchema>

/** Variables whose values must not be logged. */
export const SECRETS = new Set([
  'DATABASE_URL', 'REDIS_URL', 'JWT_SECRET', 'USER_TOKEN_SECRET', 'RESEND_API_KEY', 'SMTP_URL',
  'FILES_S3_SECRET', 'VAPID_PRIVATE_KEY', 'FCM_SERVICE_ACCOUNT', 'APNS_KEY'
])
