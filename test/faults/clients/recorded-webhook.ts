/** The application's server: it gets every event by a webhook, and refuses one now and then. */
import { setTimeout as delay } from 'node:timers/promises'
import { createApiKey } from '../../../src/domain/accounts/api-keys.ts'
import { publicChatId } from '../../../src/domain/chats/chat-id.ts'
import type { Random } from '../../support/data/random.ts'
import { WebhookInbox } from '../../support/data/webhook-inbox.ts'
import type { Scope } from '../../support/scope.ts'
import { openDatabase } from '../../support/servers/database.ts'
import type { WebhookRecord } from '../checking/webhook.ts'
import type { FaultCluster } from '../servers/fault-cluster.ts'
import type { Journal } from './journal.ts'
import { requestUntilAnswered } from './persistent-request.ts'

const LOOK_INTERVAL_MS = 50
/** The second refusal of an event would put off those behind it for minutes. */
const REFUSALS = 0.002
const [CREATED, NO_CONTENT, FAILED] = [201, 204, 500]

/** What a webhook needs of its load. */
export type WebhookOptions = {
  readonly cluster: FaultCluster
  readonly journal: Journal
  readonly random: Random
  readonly chatIDs: readonly number[]
}

/** A webhook with what came of it. */
export class RecordedWebhook {
  readonly #inbox: WebhookInbox
  readonly #starts: Map<number, number>
  readonly #delete: () => Promise<void>

  private constructor (inbox: WebhookInbox, starts: Map<number, number>, remove: () => Promise<void>) {
    this.#inbox = inbox
    this.#starts = starts
    this.#delete = remove
  }

  /** Makes the webhook, which is about these chats; nothing may be posted to them meanwhile. */
  static async start (
    scope: Scope,
    { cluster, journal, random, chatIDs }: WebhookOptions
  ): Promise<RecordedWebhook> {
    const inbox = await WebhookInbox.open(scope)
    const refused = new Set<unknown>()
    inbox.answer = ({ headers }, response) => {
      const id = headers['webhook-id']
      const isRefused = !refused.has(id) && random.chance(REFUSALS)
      if (isRefused) refused.add(id)
      response.writeHead(isRefused ? FAILED : NO_CONTENT).end()
    }
    const { orm } = await openDatabase(scope, cluster.postgres.url)
    const token = await createApiKey(orm, { name: 'webhooks', scopes: ['webhooks:write'], expiresAt: null })
    const request = (method: string, path: string, body?: object) => requestUntilAnswered({
      name: 'the webhook', url: `${cluster.url}/v1/webhooks${path}`, method, token,
      otherStatuses: [CREATED, NO_CONTENT], ...(body !== undefined && { body })
    }, journal, () => false)
    const heads = await cluster.sql<{ chat: string, head: string }[]>`
      select chat_id as chat, last_seq as head from chat_heads where chat_id in ${cluster.sql([...chatIDs])}`
    const made = await request('POST', '', { url: inbox.url })
    const id = inbox.trust(made?.body)
    return new RecordedWebhook(
      inbox,
      new Map(heads.map(({ chat, head }) => [Number(chat), Number(head)])),
      async () => {
        await request('DELETE', `/${id}`)
      }
    )
  }

  /** Expects the events of a chat that was made after it, too. */
  add (chatID: number): void {
    this.#starts.set(chatID, 0)
  }

  /** The chats that it is about. */
  get chatIDs (): number[] {
    return [...this.#starts.keys()]
  }

  /** Waits until it has everything up to these seqs, but no longer than that. */
  async reached (heads: ReadonlyMap<number, number>, deadlineMs: number): Promise<void> {
    const end = Date.now() + deadlineMs
    for (const [chatID, head] of heads)
      while (this.#position(chatID) < head && Date.now() < end) await delay(LOOK_INTERVAL_MS)
  }

  /** What was accepted, in the order in which it came, repetitions included. */
  get records (): WebhookRecord[] {
    return [...this.#starts].map(([chatID, start]) => {
      const chat = publicChatId(chatID, null)
      return {
        chatID,
        start,
        accepted: this.#inbox.arrivals.flatMap(({ isAccepted, id, seq, chat: of }) =>
          isAccepted && of === chat && seq !== undefined ? [{ id, seq }] : [])
      }
    })
  }

  /** Deletes the webhook. */
  async end (): Promise<void> {
    await this.#delete()
  }

  #position (chatID: number): number {
    return this.#inbox.lastSeq(publicChatId(chatID, null))
  }
}
