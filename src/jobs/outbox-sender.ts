/**
 * Sends the mails of committed transactions (`store/outbox.ts`), on any number of replicas at once.
 *
 * A mail is claimed with a lease, sent, and deleted. When a process dies in between, its lease expires and another
 * replica sends the mail: at least once. It is sent twice only when the transport's answer, or the deletion of the row,
 * is lost; the mail's key then lets the transport drop the copy.
 */
import { createHash } from 'node:crypto'
import type { Orm } from '../store/database.ts'
import { claimMails, giveUpMail, type OutboxRow, postponeMail, removeMail } from '../store/outbox.ts'
import { renewSecret } from '../store/mail-secrets.ts'
import { MailRefusedError, type Mailer } from '../mail/mailer.ts'

/** Duration of a lease; longer than a mailer takes for one mail. */
const LEASE_MS = 60_000
/**
 * Rows are stamped by the database's clock and claimed by this process's: a mail that is due by either clock is due.
 */
/** Mails that are sent concurrently. */
const MAX_IN_FLIGHT = 5
const MAX_ATTEMPTS = 10
/** Doubled with each attempt: ten of them span about forty minutes, the lifetime of a reset link. */
const FIRST_RETRY_MS = 5_000
const DEFAULT_POLL_MS = 3_000
const MAX_REASON_LENGTH = 300
/** Shorter lines of a mail are not secret, and may occur in any error message; a code has six digits. */
const MIN_SECRET_LENGTH = 6

/** The used part of a logger; pino fits. */
export type OutboxLog = Record<'info' | 'warn' | 'error', (details: object, message: string) => void>

/** Dependencies of a sender. */
export type OutboxSenderOptions = {
  orm: Orm
  mailer: Mailer
  log: OutboxLog
  /** Time between polls of the outbox, in milliseconds; 3,000 by default. */
  pollMs?: number
}

/** The loop that empties the outbox. */
export type OutboxSender = {
  /** Starts; a second call does nothing. */
  start: () => void
  /** Polls the outbox at once: to be called after a commit that inserted a mail. */
  wake: () => void
  /** Claims no more mails and resolves when those in flight are finished. */
  stop: () => Promise<void>
}

/** Creates a sender, which does nothing before its `start`. It never throws: failures are logged and retried. */
export function createOutboxSender (options: OutboxSenderOptions): OutboxSender {
  const sender = new Sender(options)
  return { start: () => sender.start(), wake: () => sender.wake(), stop: () => sender.stop() }
}

class Sender {
  readonly #options: OutboxSenderOptions
  readonly #pollMs: number
  readonly #inFlight = new Set<Promise<void>>()
  /** Mails that were sent but whose rows could not be deleted yet. Nothing is claimed before they are deleted. */
  readonly #sent = new Set<number>()
  #running: Promise<void> | undefined
  #stopping = false
  /** More mails were due than could be claimed. */
  #backlog = false
  #storeAway = false
  #awake = false
  #endPause: (() => void) | undefined

  constructor (options: OutboxSenderOptions) {
    this.#options = options
    this.#pollMs = options.pollMs ?? DEFAULT_POLL_MS
  }

  start (): void {
    if (!this.#stopping) this.#running ??= this.#run()
  }

  wake (): void {
    this.#awake = true
    this.#endPause?.()
  }

  async stop (): Promise<void> {
    this.#stopping = true
    this.wake()
    await this.#running
    await Promise.all(this.#inFlight)
    await this.#onStore(() => this.#removeSent())
    if (this.#sent.size > 0) {
      this.#options.log.error(
        { mails: [...this.#sent] },
        'mails were sent but could not be deleted from the outbox: they may be sent again'
      )
    }
  }

  async #run (): Promise<void> {
    while (!this.#stopping) {
      this.#awake = false
      await this.#onStore(() => this.#claim())
      await this.#pause()
    }
  }

  async #claim (): Promise<void> {
    const { orm } = this.#options
    await this.#removeSent()
    const room = MAX_IN_FLIGHT - this.#inFlight.size
    if (room === 0) return
    const rows = await claimMails(orm, room, LEASE_MS)
    this.#backlog = rows.length >= room
    for (const row of rows) this.#track(this.#deliver(row))
  }

  /** Mails are independent: one whose server hangs occupies one slot, not the loop. */
  #track (delivery: Promise<void>): void {
    const tracked = delivery.finally(() => {
      this.#inFlight.delete(tracked)
      if (this.#backlog) this.wake()
    })
    this.#inFlight.add(tracked)
  }

  async #deliver (row: OutboxRow): Promise<void> {
    // Every earlier attempt ended with its process: the next one must not end another.
    if (row.attempts > MAX_ATTEMPTS) return this.#giveUp(row, 'no attempt came to an end')
    const use = await this.#renewSecret(row)
    if (use === 'unknown') return
    if (use === 'void' && isLate(row)) return this.#finish(row)
    try {
      await this.#options.mailer.send({
        to: row.recipient,
        subject: row.subject,
        text: row.text,
        html: row.html,
        key: keyOf(row)
      })
    } catch (error) {
      const reason = describe(error, row)
      return error instanceof MailRefusedError || row.attempts === MAX_ATTEMPTS
        ? this.#giveUp(row, reason)
        : this.#postpone(row, reason)
    }
    await this.#finish(row)
  }

  /** The row of a mail that was sent, or need not be, is deleted. */
  async #finish (row: OutboxRow): Promise<void> {
    this.#sent.add(row.id)
    await this.#onStore(() => this.#removeSent())
  }

  /**
   * Begins the lifetime of the code or link in a mail. It is void when it was used up or replaced, and unknown while
   * the store is away: then the mail waits until its lease ends.
   */
  async #renewSecret ({ secretHash: hash, secretTtlMs: ttlMs }: OutboxRow): Promise<'good' | 'void' | 'unknown'> {
    if (hash === null || ttlMs === null) return 'good'
    let use: 'good' | 'void' | 'unknown' = 'unknown'
    await this.#onStore(async () => {
      use = (await renewSecret(this.#options.orm, { hash, ttlMs })) ? 'good' : 'void'
    })
    return use
  }

  async #removeSent (): Promise<void> {
    for (const id of this.#sent) {
      await removeMail(this.#options.orm, id)
      this.#sent.delete(id)
    }
  }

  async #postpone (row: OutboxRow, reason: string): Promise<void> {
    const { orm, log } = this.#options
    const delayMs = retryDelayMs(row.attempts)
    log.warn(
      { mail: row.id, attempts: row.attempts, reason, retryInMs: delayMs },
      'the mail could not be sent: it is retried later'
    )
    // Not retried when it fails: the expiry of the lease has the same effect.
    await this.#onStore(() => postponeMail(orm, row.id, delayMs))
  }

  async #giveUp (row: OutboxRow, reason: string): Promise<void> {
    const { orm, log } = this.#options
    log.error({ mail: row.id, attempts: row.attempts, reason }, 'the mail could not be sent: it is not retried')
    await this.#onStore(() => giveUpMail(orm, row.id))
  }

  /** Runs a query; an unavailable store is logged once, and again when it is back. */
  async #onStore (query: () => Promise<void>): Promise<void> {
    const { log } = this.#options
    try {
      await query()
    } catch (error) {
      if (!this.#storeAway) log.error({ err: error }, 'the mail outbox cannot be reached: mails wait')
      this.#storeAway = true
      return
    }
    if (this.#storeAway) log.info({}, 'the mail outbox can be reached again')
    this.#storeAway = false
  }

  async #pause (): Promise<void> {
    if (this.#awake || this.#stopping) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#pollMs)
      this.#endPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#endPause = undefined
  }
}

/** Whether the code or link in a mail that was just claimed would have expired by now. */
function isLate ({ createdAt, dueAt, secretTtlMs }: OutboxRow): boolean {
  // The lease began by the clock of the database, which has also stamped the row.
  return dueAt.getTime() - LEASE_MS - createdAt.getTime() > (secretTtlMs ?? Infinity)
}

/**
 * Exponential backoff, half of it random so that mails that failed together are not retried together (AWS Architecture
 * Blog, "Exponential Backoff And Jitter").
 */
function retryDelayMs (attempts: number): number {
  const full = FIRST_RETRY_MS * 2 ** (attempts - 1)
  return Math.round((full * (1 + Math.random())) / 2)
}

/** The row's id alone would repeat in another database that uses the same account of a mail service. */
function keyOf (row: OutboxRow): string {
  return createHash('sha256')
    .update(JSON.stringify([row.id, row.createdAt, row.recipient, row.text]))
    .digest('hex')
}

/** The reason for the log. Mail servers quote addresses and texts, so every part of the mail is removed from it. */
function describe (error: unknown, row: OutboxRow): string {
  let reason = error instanceof Error ? error.message : String(error)
  for (const line of row.text.split('\n')) {
    if (line.length >= MIN_SECRET_LENGTH) reason = reason.replaceAll(line, '[removed]')
  }
  return reason
    .replace(/[^\s<>"'(]+@[^\s<>"')]+/g, '[address]')
    .replace(/\s+/g, ' ')
    .slice(0, MAX_REASON_LENGTH)
}
