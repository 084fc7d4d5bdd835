/** What this server calls. */
import { choice } from '../variable-types.ts'

/** Variables with their descriptions, defaults and bounds. */
export const INTEGRATIONS = {
  WEBHOOK_PRIVATE_ADDRESSES: choice(
    'on lets webhooks and hooks call servers of your own network, and without TLS; whoever has an API key with ' +
    'webhooks:write can then make Confab call any address there',
    ['on', 'off'],
    'off'
  )
}
