/** What this server calls, what follows the messages from behind, and what is kept of how it is managed. */
import Type from 'typebox'
import { choice, integer } from '../variable-types.ts'

/** Variables with their descriptions, defaults and bounds. */
export const INTEGRATIONS = {
  WEBHOOK_PRIVATE_ADDRESSES: choice(
    'on lets webhooks and hooks call servers of your own network, and without TLS; whoever has an API key with ' +
    'webhooks:write can then make Confab call any address there',
    ['on', 'off'],
    'off'
  ),
  SEARCH: Type.Optional(
    choice(
      'on indexes messages for GET /v1/search/messages, those that are there already, too; the same on all replicas. ' +
      'By default on with the embedded store, else off',
      ['on', 'off']
    )
  ),
  AUDIT_LOG_DAYS: integer('days for which the audit log is kept', 365, 1, 36_500)
}
