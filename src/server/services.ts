/** Wires the domain to its ports. */
import type { Bus } from '../bus/bus.ts'
import type { Config } from '../config/config.ts'
import { createAccounts } from '../domain/accounts/accounts.ts'
import { createChats } from '../domain/chats/chats.ts'
import type { Epoch } from '../domain/events/epoch.ts'
import { createEventLog } from '../domain/events/log.ts'
import { createMessages } from '../domain/events/messages.ts'
import { createPasswordHasher } from '../domain/accounts/passwords.ts'
import { EventWriter } from '../domain/events/event-writer.ts'
import { Sessions } from '../domain/accounts/sessions.ts'
import type { RateLimiter } from '../rate-limits/rate-limiter.ts'
import type { Database } from '../store/database.ts'
import { preparePostBatch } from '../store/posts.ts'
import type { Tracing } from '../observability/tracing/tracing.ts'

/** Dependencies of the domain. */
export type ServiceDeps = {
  config: Config
  database: Database
  epoch: Epoch
  bus: Bus
  /** Called after a transaction that put a mail into the outbox. */
  onMail: () => void
  rates: RateLimiter
  tracing: Tracing | undefined
}

/** The services of the domain, as dialects and the hub use them. */
export type Services = Awaited<ReturnType<typeof createServices>>

/** Builds the domain. */
export async function createServices ({ config, database, epoch, bus, onMail, rates, tracing }: ServiceDeps) {
  const { orm } = database
  const sessions = new Sessions({
    orm,
    bus,
    refreshTtlMs: config.refreshTokenTtlMs,
    reuseGraceMs: config.refreshReuseGraceMs
  })
  const chats = createChats({ orm, bus })
  return {
    sessions,
    chats,
    epoch,
    log: createEventLog(orm),
    messages: createMessages({
      orm,
      chats,
      poster: new EventWriter({ postBatch: preparePostBatch(orm), ...config.posting, tracing })
    }),
    accounts: createAccounts({
      orm,
      sessions,
      passwords: await createPasswordHasher(config.hashing),
      secret: config.jwtSecret,
      isVerificationRequired: config.isVerificationRequired,
      resetLink: (token, username) =>
        `${config.publicUrl}/user/reset-password?${new URLSearchParams({ token, username }).toString()}`,
      verificationLink: (token) => `${config.publicUrl}/user/verify-email?${new URLSearchParams({ token }).toString()}`,
      onMail,
      rates,
      loginLimits: config.loginLimits,
      areAccountsHidden: config.areAccountsHidden
    })
  }
}
