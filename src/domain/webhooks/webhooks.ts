/** Webhooks: where an application wants to be told of events. */
import { randomBytes } from 'node:crypto'
import type { SealedTexts } from '../../lib/sealed-texts.ts'
import { createWebhookSecret, webhookHeaders } from '../../lib/webhook-signature.ts'
import type { Orm } from '../../store/database.ts'
import type { UnitOfWork } from '../../store/unit-of-work.ts'
import * as store from '../../store/webhooks.ts'
import { ChatError } from '../errors.ts'
import { type AuditActor, recordAudit } from '../moderation/audit.ts'
import { isStorable } from '../text.ts'
import { requireVersion, type VersionCondition } from '../version-condition.ts'
import { WEBHOOK_EVENT_TYPES } from './event-types.ts'
import type { Outbound, OutboundResult } from './outbound.ts'
import {
  checkChatTypes, checkUrl, fieldError, resealed, SECRET_OVERLAP_MS, signingSecrets
} from './target.ts'

/** A webhook as it is stored; its secrets are encrypted. */
export type { WebhookRow } from '../../store/webhooks.ts'

/** Maximum number of webhooks, and longest description, in characters. */
export const [MAX_WEBHOOKS, MAX_DESCRIPTION_LENGTH] = [50, 200]
/** How long a receiver may take to answer. */
export const WEBHOOK_TIMEOUT_MS = 15_000

const ID_BYTES = 12
/** How often a change is tried again that another one came before. */
const CHANGE_ATTEMPTS = 3

/** What a webhook is for; null stands for all events, and for all types of chats. */
export type WebhookRequest = {
  url: string
  events?: readonly string[] | null | undefined
  chatTypes?: readonly string[] | null | undefined
  description?: string | undefined
}

/** A change of a webhook. */
export type WebhookPatch = Partial<WebhookRequest> & { isEnabled?: boolean | undefined }

/** Dependencies of the webhooks. */
export type WebhooksDeps = UnitOfWork & {
  /** Encrypts the secrets. */
  sealed: SealedTexts
  /** Whether they may be in the own network. */
  isPrivateAllowed: boolean
  outbound: Outbound
  /** Called after each commit that changes a webhook. */
  onChanged: () => void
}

/** The webhooks of this server. */
export type Webhooks = ReturnType<typeof createWebhooks>

/** Wires the webhooks. Those that name one throw `unknown_webhook`. */
export function createWebhooks (deps: WebhooksDeps) {
  const { orm } = deps
  return {
    list: () => store.listWebhooks(orm),
    find: async (id: string) => find(orm, id),
    /**
     * Adds a webhook. @returns it, and its secret, which cannot be had again
     * @throws {ChatError} `invalid_input`, `too_many_webhooks`
     */
    create: async (request: WebhookRequest, by: AuditActor) => create(deps, request, by),
    /** @throws {ChatError} `invalid_input`, `version_conflict` */
    change: async (id: string, patch: WebhookPatch, condition: VersionCondition, by: AuditActor) =>
      change(deps, id, patch, condition, by),
    /** @throws {ChatError} `version_conflict` */
    remove: async (id: string, condition: VersionCondition, by: AuditActor) => remove(deps, id, condition, by),
    /** Gives a webhook another secret; requests are signed with both for a day. */
    rotateSecret: async (id: string, by: AuditActor) => rotateSecret(deps, id, by),
    /** Sends a webhook a request at once, and returns what became of it. @throws {ChatError} `secret_unreadable` */
    test: async (id: string) => test(deps, id),
    /** Switches a webhook off for a reason of this server, such as the answer 410. */
    disable: async (id: string, reason: string): Promise<void> => {
      if (await store.disableWebhook(orm, id, reason)) await deps.afterCommit(() => deps.onChanged())
    },
    /** The secrets to sign with, the present one first; none when they cannot be read any more. */
    secretsOf: (row: store.WebhookRow) => signingSecrets(deps.sealed, row.id, row),
    /** Encrypts secrets with the first key that another key has encrypted. */
    reseal: async (): Promise<void> => {
      for (const row of await store.listWebhooks(orm)) {
        const secrets = resealed(deps.sealed, row.id, row)
        if (secrets !== undefined) await store.resealWebhook(orm, row, secrets)
      }
    }
  }
}

async function find (orm: Orm, id: string): Promise<store.WebhookRow> {
  const row = await store.findWebhook(orm, id)
  if (row === undefined) throw new ChatError('unknown_webhook')
  return row
}

async function create (
  deps: WebhooksDeps, request: WebhookRequest, by: AuditActor
): Promise<{ webhook: store.WebhookRow, secret: string }> {
  const { orm, sealed, afterCommit, onChanged } = deps
  const { url, events = null, chatTypes = null, description = '' } = request
  const fields = { url, events: distinct(events), chatTypes: distinct(chatTypes), description }
  await check(deps, fields)
  const id = `wh_${randomBytes(ID_BYTES).toString('hex')}`
  const secret = createWebhookSecret()
  const webhook = await orm.transaction(async (tx) => {
    const row = await store.insertWebhook(tx, { id, ...fields, secret: sealed.seal(secret, id) }, MAX_WEBHOOKS)
    if (row === undefined) throw new ChatError('too_many_webhooks')
    await audit(tx, by, 'webhook.created', id, { url })
    return row
  })
  await afterCommit(onChanged)
  return { webhook, secret }
}

async function change (
  deps: WebhooksDeps, id: string, patch: WebhookPatch, condition: VersionCondition, by: AuditActor
): Promise<store.WebhookRow> {
  for (let attempt = 1; ; attempt++) {
    const before = await find(deps.orm, id)
    requireVersion(before.version, condition)
    const { url, events, chatTypes, description, isEnabled } = patch
    const fields = {
      url: url ?? before.url,
      events: events === undefined ? before.events : distinct(events),
      chatTypes: chatTypes === undefined ? before.chatTypes : distinct(chatTypes),
      description: description ?? before.description
    }
    await check(deps, fields)
    const changed = await deps.orm.transaction(async (tx) => {
      const row = await store.updateWebhook(tx, before, {
        ...fields, isEnabled: isEnabled ?? before.disabledAt === null
      })
      if (row !== undefined) await audit(tx, by, 'webhook.changed', id, { fields: changedFields(patch) })
      return row
    })
    if (changed !== undefined) {
      await deps.afterCommit(deps.onChanged)
      return changed
    }
    if (attempt === CHANGE_ATTEMPTS) throw new ChatError('version_conflict')
  }
}

async function remove (
  deps: WebhooksDeps, id: string, condition: VersionCondition, by: AuditActor
): Promise<void> {
  const { version } = await find(deps.orm, id)
  requireVersion(version, condition)
  const isRemoved = await deps.orm.transaction(async (tx) => {
    const isGone = await store.deleteWebhook(tx, id, condition === undefined ? undefined : version)
    if (isGone) await audit(tx, by, 'webhook.deleted', id)
    return isGone
  })
  if (!isRemoved && condition !== undefined) throw new ChatError('version_conflict')
  await deps.afterCommit(deps.onChanged)
}

async function rotateSecret (
  deps: WebhooksDeps, id: string, by: AuditActor
): Promise<{ webhook: store.WebhookRow, secret: string }> {
  const secret = createWebhookSecret()
  const webhook = await deps.orm.transaction(async (tx) => {
    const row = await store.rotateWebhookSecret(tx, id, deps.sealed.seal(secret, id), SECRET_OVERLAP_MS)
    if (row === undefined) throw new ChatError('unknown_webhook')
    await audit(tx, by, 'webhook.secret_rotated', id)
    return row
  })
  await deps.afterCommit(deps.onChanged)
  return { webhook, secret }
}

function changedFields (patch: WebhookPatch): string[] {
  return Object.entries(patch).filter(([, value]) => value !== undefined).map(([name]) => name)
}

async function audit (
  tx: Orm, by: AuditActor, action: string, webhook: string, data?: Record<string, unknown>
): Promise<void> {
  await recordAudit(tx, by, { action, target: { webhook }, data })
}

async function test (deps: WebhooksDeps, id: string): Promise<OutboundResult> {
  const row = await find(deps.orm, id)
  const secrets = signingSecrets(deps.sealed, row.id, row)
  if (secrets.length === 0) throw new ChatError('secret_unreadable')
  const body = JSON.stringify({ type: 'webhook.test', timestamp: new Date().toISOString(), data: { webhook: id } })
  const headers = webhookHeaders(secrets, { id: `msg_${randomBytes(ID_BYTES).toString('hex')}`, body })
  return deps.outbound.post({ url: row.url, headers, body, deadlineMs: WEBHOOK_TIMEOUT_MS })
}

async function check (
  { orm, isPrivateAllowed }: WebhooksDeps,
  { url, events, chatTypes, description }: store.WebhookFields
): Promise<void> {
  checkUrl(url, isPrivateAllowed)
  const unknown = events?.find((type) => !WEBHOOK_EVENT_TYPES.includes(type))
  if (unknown !== undefined) throw fieldError('events', `There is no event ${JSON.stringify(unknown)}.`)
  if (description.length > MAX_DESCRIPTION_LENGTH || !isStorable(description)) {
    throw fieldError('description', 'The description has more than 200 characters, or some that cannot be stored.')
  }
  await checkChatTypes(orm, chatTypes)
}

function distinct (values: readonly string[] | null): string[] | null {
  return values === null ? null : [...new Set(values)]
}
