/** What became of the events of webhooks, and sending them again. */
import type { UnitOfWork } from '../../store/unit-of-work.ts'
import * as store from '../../store/webhook-deliveries.ts'
import { findWebhook } from '../../store/webhooks.ts'
import { ChatError } from '../errors.ts'
import { type AuditActor, recordAudit } from '../moderation/audit.ts'

export { DELIVERY_STATUSES } from '../../store/webhook-deliveries.ts'

/** Events that are sent again by one request. */
export const MAX_REPLAYED = 10_000

/** A delivery with the names of its chat and user. */
export type Delivery = Awaited<ReturnType<typeof store.listDeliveries>>[number]

/** The deliveries of the webhooks of this server. */
export type Deliveries = ReturnType<typeof createDeliveries>

/** Wires the deliveries. @param onJobs called after a commit that inserted jobs */
export function createDeliveries ({ orm, afterCommit, onJobs }: UnitOfWork & { onJobs: () => void }) {
  const requireWebhook = async (id: string) => {
    if (await findWebhook(orm, id) === undefined) throw new ChatError('unknown_webhook')
  }
  return {
    /** Lists them, the newest first. @throws {ChatError} `unknown_webhook` */
    list: async (id: string, filter: store.DeliveryFilter, range: store.DeliveryRange): Promise<Delivery[]> => {
      await requireWebhook(id)
      return store.listDeliveries(orm, id, filter, range)
    },
    /** Has events be sent again, the oldest first. @returns their number @throws {ChatError} `unknown_webhook` */
    replay: async (id: string, filter: store.DeliveryFilter, by: AuditActor): Promise<number> => {
      await requireWebhook(id)
      const count = await orm.transaction(async (tx) => {
        const replayed = await store.replayDeliveries(tx, id, filter, MAX_REPLAYED)
        const data = { deliveries: replayed }
        if (replayed > 0) await recordAudit(tx, by, { action: 'webhook.replayed', target: { webhook: id }, data })
        return replayed
      })
      await afterCommit(onJobs)
      return count
    }
  }
}
