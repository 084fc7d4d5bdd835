/**
 * Sends the mails that committed transactions owe (`store/outbox.ts`), on any number of replicas at once.
 *
 * A mail is claimed with a lease, sent, and removed. A process that dies in between leaves its claim to run out, and
 * another sends the mail: at least once. It is sent twice only when the answer of the transport, or the removal of the
 * row, is lost for good; the mail's key then lets the transport drop the copy.
 */
import { createHash } from 'node:crypto'
import type { Orm } from '../store/database.ts'
import { claimMails, giveUpMail, type OutboxRow, postponeMail, removeMail } from '../store/outbox.ts'
import { MailRefusedError, type Mailer } from '../mail/mailer.ts'

/** How long a claim keeps other replicas away; longer than a mailer takes for one mail. */
const LEASE_MS = 60_000
/** Rows are stamped by the database's clock and claimed by this process's: due by either is due. */
const CLOCK_SKEW_MS = 2_000
/** Mails being sent at once. */
const MAX_IN_FLIGHT = 5
const MAX_ATTEMPTS = 10
/** Doubled with each attempt: ten of them span about forty minutes, the life of a reset link. */
const FIRST_RETRY_MS = 5_000
const DEFAULT_POLL_MS = 3_000
const MAX_REASON_LENGTH = 300
/** Shorter lines of a mail are no secrets, and may occur in any error message; a code has six digits. */
const MIN_SECRET_LENGTH = 6

/** The part of a logger that is used; pino fits. */
export type OutboxLog = Record<'info' | 'warn' | 'error', (details: object, message: string) => void>

/** What a sender runs on. */
export type OutboxSenderOptions = {
  orm: Orm
  mailer: Mailer
  clock: () => Date
  log: OutboxLog
  /** Time between looks into the outbox, in milliseconds; 3,000 by default. */
  pollMs?: number
}

/** The loop that empties the outbox. */
export type OutboxSender = {
  /** Begins; a second call does nothing. */
  start: () => void
  /** Looks into the outbox at once: to be called after a commit that owes a mail. */
  wake: () => void
  /** Takes no more mails and resolves when those under way have ended. */
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
  /** Mails that have left but whose rows could not be removed yet. Nothing is claimed before these are gone. */
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
        'mails were sent but could not be removed from the outbox: they may be sent again'
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
    const { orm, clock } = this.#options
    await this.#removeSent()
    const room = MAX_IN_FLIGHT - this.#inFlight.size
    if (room === 0) return
    const now = clock().getTime()
    const rows = await claimMails(orm, room, new Date(now + CLOCK_SKEW_MS), new Date(now + LEASE_MS))
    this.#backlog = rows.length >= room
    for (const row of rows) this.#track(this.#deliver(row))
  }

  /** Mails are independent of each other: one whose server hangs holds up one place, not the loop. */
  #track (delivery: Promise<void>): void {
    const tracked = delivery.finally(() => {
      this.#inFlight.delete(tracked)
      if (this.#backlog) this.wake()
    })
    this.#inFlight.add(tracked)
  }

  async #deliver (row: OutboxRow): Promise<void> {
    // Every attempt before this one ended with its process: the next must not take another down.
    if (row.attempts > MAX_ATTEMPTS) return this.#giveUp(row, 'no attempt came to an end')
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
    this.#sent.add(row.id)
    await this.#onStore(() => this.#removeSent())
  }

  async #removeSent (): Promise<void> {
    for (const id of this.#sent) {
      await removeMail(this.#options.orm, id)
      this.#sent.delete(id)
    }
  }

  async #postpone (row: OutboxRow, reason: string): Promise<void> {
    const { orm, clock, log } = this.#options
    const delayMs = retryDelayMs(row.attempts)
    log.warn(
      { mail: row.id, attempts: row.attempts, reason, retryInMs: delayMs },
      'mail could not be sent and is put off'
    )
    // Not retried when it fails: the lease runs out and does the same.
    await this.#onStore(() => postponeMail(orm, row.id, new Date(clock().getTime() + delayMs)))
  }

  async #giveUp (row: OutboxRow, reason: string): Promise<void> {
    const { orm, clock, log } = this.#options
    log.error({ mail: row.id, attempts: row.attempts, reason }, 'mail is given up')
    await this.#onStore(() => giveUpMail(orm, row.id, clock()))
  }

  /** Runs a query; a store that is away is told once, and once more when it is back. */
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

/**
 * Exponential backoff, half of it random so that mails that failed together do not come back together (AWS Architecture
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

/**
 * The reason for the log. Mail servers quote addresses and texts, so whatever of the mail stands in it is taken out.
 */
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
