/** Wires what this server tells and asks the application. */
import type { Bus } from '../bus/bus.ts'
import type { Config } from '../config/config.ts'
import { publishInvalidation } from '../domain/invalidations.ts'
import { HookSettings } from '../domain/message-hook/settings.ts'
import { SECRETS_PURPOSE } from '../domain/webhooks/target.ts'
import { createWebhooks } from '../domain/webhooks/webhooks.ts'
import { OutboundClient } from '../integrations/outbound/outbound-client.ts'
import { SealedTexts } from '../lib/sealed-texts.ts'
import type { Orm } from '../store/database.ts'
import type { UnitOfWork } from '../store/unit-of-work.ts'

/** Builds the integrations. */
export function createIntegrations ({ config, bus, orm }: { config: Config, bus: Bus, orm: Orm }) {
  const outbound = new OutboundClient({ isPrivateAllowed: config.areWebhooksPrivate })
  const parts = {
    sealed: new SealedTexts(config.jwtSecrets, SECRETS_PURPOSE),
    isPrivateAllowed: config.areWebhooksPrivate,
    outbound
  }
  const onChanged = (type: 'webhooks_changed' | 'hook_changed') => () => publishInvalidation(bus, { type })
  return {
    outbound,
    messageHook: new HookSettings({ ...parts, orm, onChanged: onChanged('hook_changed') }),
    webhooksIn: (unit: UnitOfWork) => createWebhooks({ ...parts, ...unit, onChanged: onChanged('webhooks_changed') })
  }
}
