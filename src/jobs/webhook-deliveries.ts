/**
 * The jobs that deliver events to webhooks. A job is about a part of one log for one webhook, so that the events of a
 * chat are sent one after the other: while one of them waits for its next attempt, those behind it wait, too, and no
 * other chat does. Nothing of an event is stored: each attempt reads the log anew, so that what was erased is not sent.
 */
import { createHash } from 'node:crypto'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { isAccepted, type Outbound, type OutboundResult } from '../domain/webhooks/outbound.ts'
import { WEBHOOK_TIMEOUT_MS, type WebhookRow } from '../domain/webhooks/webhooks.ts'
import { webhookHeaders } from '../lib/webhook-signature.ts'
import type { Orm } from '../store/database.ts'
import { hastenJobs, type Job } from '../store/jobs.ts'
import { type Attempt, saveAttempts, WEBHOOK_KIND } from '../store/webhook-deliveries.ts'
import type { JobKind, Outcome } from './job-kind.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
/** The pauses after attempts that failed, as Standard Webhooks recommends them. */
const RETRY_DELAYS_MS = [
  5 * SECOND_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, 5 * HOUR_MS, 10 * HOUR_MS, 14 * HOUR_MS, 20 * HOUR_MS,
  24 * HOUR_MS
]
/** An event that waited behind others for so long is given up with its next failure. */
const PATIENCE_MS = RETRY_DELAYS_MS.reduce((sum, delay) => sum + delay, 0)
/** Longest pause that a receiver may ask for. */
const MAX_RETRY_AFTER_MS = 24 * HOUR_MS
/** Time after which a job makes room for another one. */
const SLICE_MS = 20 * SECOND_MS
const PAGE = 50
const CONCURRENCY = 64
const PER_WEBHOOK = 16
const GONE = 410
const MAX_STORED_ANSWER = 1_024

/** What an event belongs to: a chat, or the feed of a user. */
export type EventSource = { readonly chatId: number | null, readonly userId: number | null }

/** An event to deliver. `json` is the one of `/v1`. */
export type DeliverableEvent = {
  readonly position: number
  readonly type: string
  readonly at: Date
  readonly json: object
}

/** Dependencies of the deliveries. */
export type WebhookJobsDeps = {
  orm: Orm
  outbound: Outbound
  /** The webhook of this id, as it is now; undefined for none. */
  findWebhook: (id: string) => Promise<WebhookRow | undefined>
  /** Its secrets, the present one first; empty when they cannot be read. */
  secretsOf: (webhook: WebhookRow) => readonly string[]
  disable: (id: string, reason: string) => Promise<void>
  /** The next events of a log behind a position; undefined when it is gone. */
  readLog: (source: EventSource, after: number, limit: number) => Promise<readonly DeliverableEvent[] | undefined>
  /** Distinguishes the same position of a log in another epoch. */
  epoch: () => string
  /** Counts what became of an attempt. */
  count?: (status: Attempt['status']) => void
}

const Id = Type.Union([Type.Integer(), Type.Null()])
const PayloadSchema = Type.Object({
  chat: Type.Optional(Id),
  user: Type.Optional(Id),
  /** The first and the last event to send. */
  from: Type.Optional(Type.Integer()),
  to: Type.Optional(Type.Integer()),
  /** Or the events to send again. */
  positions: Type.Optional(Type.Array(Type.Integer())),
  /** Failed attempts of the first one. */
  tries: Type.Optional(Type.Integer())
})
const payloadForm = Compile(PayloadSchema)

/** Delivers events to webhooks. */
export function createWebhookJobs (deps: WebhookJobsDeps): JobKind {
  return {
    name: WEBHOOK_KIND,
    concurrency: CONCURRENCY,
    perTarget: PER_WEBHOOK,
    // Events are given up one by one.
    maxAttempts: Infinity,
    retryDelayMs: () => MINUTE_MS,
    run: async (job, signal) => new Delivery(deps, job, signal).run()
  }
}

/** One run of a job. */
class Delivery {
  readonly #deps: WebhookJobsDeps
  readonly #job: Job
  readonly #payload: Static<typeof PayloadSchema>
  readonly #signal: AbortSignal
  readonly #source: EventSource
  readonly #endsAt = Date.now() + SLICE_MS
  readonly #attempts: Attempt[] = []
  #tries: number

  constructor (deps: WebhookJobsDeps, job: Job, signal: AbortSignal) {
    this.#payload = payloadForm.Parse(job.payload)
    const { chat = null, user = null, tries = 0 } = this.#payload
    this.#deps = deps
    this.#job = job
    this.#signal = signal
    this.#source = { chatId: chat, userId: user }
    this.#tries = tries
  }

  async run (): Promise<Outcome> {
    const webhook = await this.#deps.findWebhook(this.#job.target)
    if (webhook === undefined || webhook.disabledAt !== null) return { status: 'done' }
    const outcome = await this.#deliverAll(webhook)
    // Before the progress of the job: what is not stored is sent again.
    await saveAttempts(this.#deps.orm, this.#attempts)
    return outcome
  }

  async #deliverAll (webhook: WebhookRow): Promise<Outcome> {
    const { from = 1, to = 0, positions } = this.#payload
    if (positions !== undefined) return this.#deliverAgain(webhook, positions)
    let next = from
    while (next <= to) {
      const events = await this.#deps.readLog(this.#source, next - 1, Math.min(PAGE, to - next + 1))
      if (events === undefined || events.length === 0) break
      for (const event of events) {
        if (event.position > to) return { status: 'done', fields: { from: to + 1, tries: 0 } }
        const isWanted = webhook.events?.includes(event.type) ?? true
        if (isWanted && event.at >= webhook.createdAt) {
          const stop = await this.#deliver(webhook, event, { from: event.position })
          if (stop !== undefined) return stop
        }
        next = event.position + 1
        const fields = { from: next, tries: 0 }
        if (next <= to && this.#mustEnd()) return { status: 'continues', afterMs: 0, fields }
      }
    }
    return { status: 'done', fields: { from: to + 1, tries: 0 } }
  }

  async #deliverAgain (webhook: WebhookRow, positions: readonly number[]): Promise<Outcome> {
    for (const [index, position] of positions.entries()) {
      const [event] = await this.#deps.readLog(this.#source, position - 1, 1) ?? []
      const rest = positions.slice(index)
      if (event?.position === position) {
        const stop = await this.#deliver(webhook, event, { positions: rest })
        if (stop !== undefined) return stop
      }
      if (rest.length > 1 && this.#mustEnd())
        return { status: 'continues', afterMs: 0, fields: { positions: rest.slice(1), tries: 0 } }
    }
    return { status: 'done' }
  }

  #mustEnd (): boolean {
    return this.#signal.aborted || Date.now() >= this.#endsAt
  }

  /**
   * Sends an event.
   * @param here where the job goes on if it has to be sent again
   * @returns how the job ends, if the next event is not to be sent now
   */
  async #deliver (webhook: WebhookRow, event: DeliverableEvent, here: object): Promise<Outcome | undefined> {
    const id = this.#idOf(event)
    const result = await this.#post(webhook, id, event)
    // A replica that stops, or has lost the job, leaves the event to another one.
    if (result.kind === 'failure' && result.reason === 'aborted')
      return { status: 'continues', afterMs: 0, fields: { ...here, tries: this.#tries } }
    if (isAccepted(result)) return this.#noteDelivered(webhook, id, event, result)
    const isGone = result.kind === 'answer' && result.status === GONE
    const tries = this.#tries + 1
    const retryInMs = retryDelayOf(tries, result)
    const isTooOld = 'from' in here && Date.now() - event.at.getTime() > PATIENCE_MS
    const isDead = isGone || retryInMs === undefined || isTooOld
    this.#note(webhook, id, event, result, isDead ? 'dead' : 'waiting', isDead ? undefined : retryInMs)
    if (isGone) {
      await this.#deps.disable(webhook.id, 'gone')
      return { status: 'done' }
    }
    this.#tries = 0
    if (isDead) return undefined
    return { status: 'failed', reason: describe(result), retryInMs, fields: { ...here, tries } }
  }

  /** A receiver that is back gets everything that waits for its next attempt at once. */
  async #noteDelivered (
    webhook: WebhookRow, id: string, event: DeliverableEvent, result: OutboundResult
  ): Promise<undefined> {
    this.#note(webhook, id, event, result, 'delivered')
    if (this.#tries > 0) await hastenJobs(this.#deps.orm, WEBHOOK_KIND, webhook.id)
    this.#tries = 0
  }

  async #post (webhook: WebhookRow, id: string, { type, at, json }: DeliverableEvent): Promise<OutboundResult> {
    const secrets = this.#deps.secretsOf(webhook)
    if (secrets.length === 0) {
      const message = 'The secret of the webhook cannot be read any more: rotate it.'
      return { kind: 'failure', reason: 'invalid_url', message, durationMs: 0 }
    }
    const body = JSON.stringify({ type, timestamp: at.toISOString(), data: json })
    return this.#deps.outbound.post({
      url: webhook.url,
      headers: webhookHeaders(secrets, { id, body }),
      body,
      deadlineMs: WEBHOOK_TIMEOUT_MS,
      signal: this.#signal
    })
  }

  /** The same in every attempt and for every webhook, and another one in another epoch. */
  #idOf ({ position }: DeliverableEvent): string {
    const { chatId, userId } = this.#source
    const name = JSON.stringify([this.#deps.epoch(), chatId, userId, position])
    return `msg_${createHash('sha256').update(name).digest('hex').slice(0, 32)}`
  }

  #note (
    webhook: WebhookRow, messageId: string, { type, position }: DeliverableEvent, result: OutboundResult,
    status: Attempt['status'], retryInMs?: number
  ): void {
    this.#deps.count?.(status)
    const isAnswer = result.kind === 'answer'
    this.#attempts.push({
      webhookId: webhook.id,
      messageId,
      type,
      ...this.#source,
      position,
      status,
      attempts: 1,
      durationMs: result.durationMs,
      answerStatus: isAnswer ? result.status : null,
      // A key for webhooks must not become a way to read from the network of the server.
      answerBody: isAnswer && !result.isPrivate ? storable(result.body) : null,
      error: isAnswer ? null : result.message,
      retryInMs
    })
  }
}

/** The pause before the next attempt; undefined after the last one. */
function retryDelayOf (tries: number, result: OutboundResult): number | undefined {
  const delayMs = RETRY_DELAYS_MS[tries - 1]
  if (delayMs === undefined) return undefined
  const askedMs = result.kind === 'answer' ? result.retryAfterMs ?? 0 : 0
  return Math.max(delayMs, Math.min(askedMs, MAX_RETRY_AFTER_MS))
}

function describe (result: OutboundResult): string {
  return result.kind === 'failure' ? result.message : `The answer was ${String(result.status)}.`
}

/** Postgres stores no NUL. */
function storable (text: string): string {
  return text.slice(0, MAX_STORED_ANSWER).replaceAll('\0', '\uFFFD')
}
