/** The commands for webhooks. */
import { createDeliveries, type Delivery } from '../domain/webhooks/deliveries.ts'
import { COMMAND_LINE } from '../domain/moderation/audit.ts'
import { isAccepted } from '../domain/webhooks/outbound.ts'
import type { WebhookRow, Webhooks } from '../domain/webhooks/webhooks.ts'
import type { Orm } from '../store/database.ts'
import { atOnce } from '../store/unit-of-work.ts'
import { DELIVERY_STATUSES, type DeliveryStatus } from '../store/webhook-deliveries.ts'
import { CommandError } from './command-error.ts'
import type { Call, Command } from './command.ts'

/** Deliveries that are listed at most. */
const LIST_LIMIT = 100

/** Commands about webhooks. */
export const WEBHOOK_COMMANDS: readonly Command[] = [
  {
    words: 'webhooks create',
    usage: '--url <url> [--events <events>] [--chat-types <types>] [--name <name>]',
    purpose:
      'add a webhook for all events, or for some with commas between them, and print its id and its secret, which is ' +
      'not shown again',
    run: runCreate
  },
  {
    words: 'webhooks list',
    usage: '',
    purpose: 'list the webhooks: id, whether they are on, events, types of chats, URL, and name',
    run: async ({ context }) => {
      const rows = await context.withWebhooks(({ list }) => list())
      return rows.length === 0 ? ['There is no webhook.'] : rows.map(describe)
    }
  },
  { words: 'webhooks delete', usage: '<webhook>', purpose: 'delete a webhook, named by its id', run: runDelete },
  {
    words: 'webhooks rotate-secret',
    usage: '<webhook>',
    purpose: 'give a webhook another secret, and print it alone; the last one is valid for 24 hours more',
    run: async ({ context, parameters: [id = ''] }) =>
      [(await context.withWebhooks(({ rotateSecret }) => rotateSecret(id, COMMAND_LINE))).secret]
  },
  {
    words: 'webhooks test',
    usage: '<webhook>',
    purpose: 'send a webhook a request at once and say what it answers; exits with 1 unless that is 2xx',
    run: runTest
  },
  {
    words: 'webhooks deliveries',
    usage: '<webhook> [--status <status>]',
    purpose:
      'list the newest events that a webhook was sent: id, type, status (delivered, waiting, dead), attempts, last ' +
      'attempt, and what was answered to it or why there was no answer',
    run: runDeliveries
  },
  {
    words: 'webhooks replay',
    usage: '<webhook> --status <status>',
    purpose: 'send a webhook the events of this status again, the oldest first, 10,000 at most',
    run: runReplay
  }
]

async function runCreate ({ context, flags }: Call): Promise<string[]> {
  const { url = '', events, 'chat-types': chatTypes, name } = flags
  const request = { url, events: listIn(events), chatTypes: listIn(chatTypes), description: name }
  const { webhook, secret } = await context.withWebhooks(({ create }) => create(request, COMMAND_LINE))
  return [`${webhook.id}\t${secret}`]
}

async function runDelete ({ context, parameters: [id = ''] }: Call): Promise<string[]> {
  await context.withWebhooks((webhooks: Webhooks) => webhooks.remove(id, undefined, COMMAND_LINE))
  return ['The webhook is deleted.']
}

async function runTest ({ context, parameters: [id = ''], markFailed }: Call): Promise<string[]> {
  const result = await context.withWebhooks(({ test }) => test(id))
  if (result.kind === 'failure') throw new CommandError(result.message)
  const { status, durationMs } = result
  if (!isAccepted(result)) markFailed()
  return [`It answered ${String(status)} after ${String(durationMs)} ms.`]
}

async function runDeliveries ({ context, parameters: [id = ''], flags }: Call): Promise<string[]> {
  const filter = { status: statusIn(flags.status) }
  const rows = await context.withStore((orm) =>
    deliveriesIn(orm).list(id, filter, { from: undefined, limit: LIST_LIMIT }))
  return rows.length === 0 ? ['There are no deliveries.'] : rows.map(describeDelivery)
}

async function runReplay ({ context, parameters: [id = ''], flags }: Call): Promise<string[]> {
  const filter = { status: statusIn(flags.status) }
  const count = await context.withStore((orm) => deliveriesIn(orm).replay(id, filter, COMMAND_LINE))
  return [`${String(count)} to be sent again.`]
}

/** Replicas find the jobs by themselves. */
function deliveriesIn (orm: Orm) {
  return createDeliveries({ orm, afterCommit: atOnce, onJobs: () => undefined })
}

/** @throws {CommandError} when there is no such status */
function statusIn (text: string | undefined): DeliveryStatus | undefined {
  const status = DELIVERY_STATUSES.find((known) => known === text)
  if (text !== undefined && status === undefined)
    throw new CommandError(`The status is one of ${DELIVERY_STATUSES.join(', ')}.`)
  return status
}

/** One line with tabs between its columns. */
function describeDelivery (row: Delivery): string {
  const { messageId, type, status, attempts, attemptedAt, answerStatus, error } = row
  const result = error ?? (answerStatus === null ? '' : String(answerStatus))
  return [messageId, type, status, String(attempts), attemptedAt.toISOString(), result].join('\t')
}

function listIn (text: string | undefined): string[] | undefined {
  return text?.split(',').map((item) => item.trim())
}

/** One line with tabs between its columns. */
function describe ({ id, disabledAt, disabledReason, events, chatTypes, url, description }: WebhookRow): string {
  const state = disabledAt === null ? 'on' : `off: ${disabledReason ?? 'by_request'}`
  return [id, state, events?.join() ?? 'all', chatTypes?.join() ?? 'all', url, description].join('\t')
}
