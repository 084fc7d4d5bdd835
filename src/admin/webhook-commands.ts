/** The commands for webhooks. */
import type { WebhookRow, Webhooks } from '../domain/webhooks/webhooks.ts'
import { CommandError } from './command-error.ts'
import type { Call, Command } from './commands.ts'

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
      [(await context.withWebhooks(({ rotateSecret }) => rotateSecret(id))).secret]
  },
  {
    words: 'webhooks test',
    usage: '<webhook>',
    purpose: 'send a webhook a request at once and say what it answers; exits with 1 unless that is 2xx',
    run: runTest
  }
]

async function runCreate ({ context, flags }: Call): Promise<string[]> {
  const { url = '', events, 'chat-types': chatTypes, name } = flags
  const request = { url, events: listIn(events), chatTypes: listIn(chatTypes), description: name }
  const { webhook, secret } = await context.withWebhooks(({ create }) => create(request))
  return [`${webhook.id}\t${secret}`]
}

async function runDelete ({ context, parameters: [id = ''] }: Call): Promise<string[]> {
  await context.withWebhooks((webhooks: Webhooks) => webhooks.remove(id))
  return ['The webhook is deleted.']
}

async function runTest ({ context, parameters: [id = ''], markFailed }: Call): Promise<string[]> {
  const result = await context.withWebhooks(({ test }) => test(id))
  if (result.kind === 'failure') throw new CommandError(result.message)
  const { status, durationMs } = result
  if (status < 200 || status >= 300) markFailed()
  return [`It answered ${String(status)} after ${String(durationMs)} ms.`]
}

function listIn (text: string | undefined): string[] | undefined {
  return text?.split(',').map((item) => item.trim())
}

/** One line with tabs between its columns. */
function describe ({ id, disabledAt, disabledReason, events, chatTypes, url, description }: WebhookRow): string {
  const state = disabledAt === null ? 'on' : `off: ${disabledReason ?? 'by_request'}`
  return [id, state, events?.join() ?? 'all', chatTypes?.join() ?? 'all', url, description].join('\t')
}
