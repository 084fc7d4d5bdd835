/** The settings of the hook before a message: where the application is asked, and what counts without an answer. */
import type { SealedTexts } from '../../lib/sealed-texts.ts'
import { createWebhookSecret } from '../../lib/webhook-signature.ts'
import type { Orm } from '../../store/database.ts'
import * as store from '../../store/hooks.ts'
import { ChatError } from '../errors.ts'
import { type AuditActor, recordAudit } from '../moderation/audit.ts'
import type { VersionCondition } from '../version-condition.ts'
import { checkChatTypes, checkUrl, resealed, SECRET_OVERLAP_MS, signingSecrets } from '../webhooks/target.ts'

/** A hook as it is stored; its secrets are encrypted. */
export type { HookRow } from '../../store/hooks.ts'

/** How long the application may take to answer, in milliseconds: at least, at most, and by default. */
export const [MIN_TIMEOUT_MS, MAX_TIMEOUT_MS, DEFAULT_TIMEOUT_MS] = [50, 3_000, 1_000]

const NAME = 'before-message'

/** Settings of the hook. */
export type HookRequest = {
  url: string
  timeoutMs?: number | undefined
  /** What becomes of a message when there is no good answer. */
  onFailure: 'allow' | 'deny'
  /** Null for all. */
  chatTypes?: readonly string[] | null | undefined
  /** Whether it gets another secret; the last one is valid for a day more. */
  rotatesSecret?: boolean | undefined
}

/** What is known of the hook while messages are asked about. */
export type LiveHook = Pick<store.HookRow, 'url' | 'timeoutMs' | 'onFailure' | 'version'> & {
  /** The types of chats that it is for; undefined for all. */
  chatTypes: ReadonlySet<string> | undefined
  /** The secrets to sign with at present. */
  secrets: () => string[]
}

/** Dependencies of the settings. */
export type HookSettingsDeps = {
  orm: Orm
  /** Encrypts the secrets. */
  sealed: SealedTexts
  /** Whether it may be in the own network. */
  isPrivateAllowed: boolean
  /** Called after each commit that changes the hook, to tell other replicas. */
  onChanged: () => void
}

/** The settings, and what this replica knows of them. */
export class HookSettings {
  readonly #deps: HookSettingsDeps
  #live: LiveHook | undefined
  #reading: Promise<void> | undefined
  #isOutdated = false

  constructor (deps: HookSettingsDeps) {
    this.#deps = deps
  }

  /** The hook as this replica knows it; undefined without one. */
  get live (): LiveHook | undefined {
    return this.#live
  }

  /** Reads what the hook is now. Of several calls at the same time the last one counts. @throws if it cannot be read */
  async refresh (): Promise<void> {
    this.#isOutdated = true
    this.#reading ??= this.#read()
    await this.#reading
  }

  async #read (): Promise<void> {
    try {
      while (this.#isOutdated) {
        this.#isOutdated = false
        this.#live = this.#liveOf(await store.findHook(this.#deps.orm, NAME))
      }
    } finally {
      this.#reading = undefined
    }
  }

  #liveOf (row: store.HookRow | undefined): LiveHook | undefined {
    if (row === undefined) return undefined
    const { url, timeoutMs, onFailure, version, chatTypes } = row
    return {
      url,
      timeoutMs,
      onFailure,
      version,
      chatTypes: chatTypes === null ? undefined : new Set(chatTypes),
      secrets: () => signingSecrets(this.#deps.sealed, NAME, row)
    }
  }

  /** @throws {ChatError} `unknown_hook` */
  async find (): Promise<store.HookRow> {
    const row = await store.findHook(this.#deps.orm, NAME)
    if (row === undefined) throw new ChatError('unknown_hook')
    return row
  }

  /**
   * Sets the hook, or changes it.
   * @returns it, and its secret if it has a new one, which cannot be had again
   * @param condition the versions that it may have, one of which it must have then
   * @throws {ChatError} `invalid_input`, `version_conflict`
   */
  async put (
    request: HookRequest, condition: VersionCondition, by: AuditActor
  ): Promise<{ hook: store.HookRow, secret: string | undefined, isNew: boolean }> {
    const { orm, sealed, isPrivateAllowed } = this.#deps
    const { url, timeoutMs = DEFAULT_TIMEOUT_MS, onFailure, chatTypes = null, rotatesSecret = false } = request
    checkUrl(url, isPrivateAllowed)
    await checkChatTypes(orm, chatTypes)
    const fields = { url, timeoutMs, onFailure, chatTypes: chatTypes === null ? null : [...new Set(chatTypes)] }
    const secret = createWebhookSecret()
    const put = async () => orm.transaction(async (tx) => {
      const audit = async () => recordAudit(tx, by, { action: 'hook.set', target: { hook: NAME }, data: { url } })
      const made = condition === undefined
        ? await store.insertHook(tx, { name: NAME, ...fields, secret: sealed.seal(secret, NAME) })
        : undefined
      if (made !== undefined) {
        await audit()
        return { hook: made, secret, isNew: true }
      }
      const rotation = rotatesSecret ? { sealed: sealed.seal(secret, NAME), overlapMs: SECRET_OVERLAP_MS } : undefined
      const hook = await store.updateHook(tx, NAME, { fields, secret: rotation, versions: condition })
      if (hook === undefined && condition !== undefined) throw new ChatError('version_conflict')
      if (hook !== undefined) await audit()
      return hook && { hook, secret: rotatesSecret ? secret : undefined, isNew: false }
    })
    // It may be deleted in between, once.
    const result = await put() ?? await put()
    if (result === undefined) throw new ChatError('unavailable')
    await this.#announce()
    return result
  }

  /** Removes the hook: nothing is asked any more. @throws {ChatError} `unknown_hook`, `version_conflict` */
  async remove (condition: VersionCondition, by: AuditActor): Promise<void> {
    await this.#deps.orm.transaction(async (tx) => {
      if (!await store.deleteHook(tx, NAME, condition)) {
        if (await store.findHook(tx, NAME) === undefined) throw new ChatError('unknown_hook')
        throw new ChatError('version_conflict')
      }
      await recordAudit(tx, by, { action: 'hook.deleted', target: { hook: NAME } })
    })
    await this.#announce()
  }

  async #announce (): Promise<void> {
    this.#deps.onChanged()
    await this.refresh()
  }

  /** Encrypts the secrets with the first key, if another one has. */
  async reseal (): Promise<void> {
    const row = await store.findHook(this.#deps.orm, NAME)
    const secrets = row && resealed(this.#deps.sealed, NAME, row)
    if (row !== undefined && secrets !== undefined) await store.resealHook(this.#deps.orm, row, secrets)
  }
}
