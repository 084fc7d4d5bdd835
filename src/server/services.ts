/** Wires the domain to its ports. */
import type { Bus } from '../bus/bus.ts'
import type { Config } from '../config/config.ts'
import { authenticateApiKey, createApiKeys } from '../domain/accounts/api-keys.ts'
import type { AccountsDeps } from '../domain/accounts/account.ts'
import { createAccounts } from '../domain/accounts/accounts.ts'
import { Blocks } from '../domain/accounts/blocks.ts'
import { ApplicationUsers } from '../domain/accounts/application-users.ts'
import { createUserAdministration, type UserAdministrationDeps } from '../domain/accounts/user-administration.ts'
import { createUserProfiles, type UserProfiles } from '../domain/accounts/user-profiles.ts'
import { PresenceSettings } from '../domain/accounts/presence-settings.ts'
import { parseTokenCredential } from '../domain/accounts/principal.ts'
import { type Chats, createChats } from '../domain/chats/chats.ts'
import { ReadMarks } from '../domain/chats/read-marks.ts'
import { countAllUnread } from '../domain/chats/unread.ts'
import type { Epoch } from '../domain/events/epoch.ts'
import { createEventLog } from '../domain/events/log.ts'
import { createMessages } from '../domain/events/messages.ts'
import { createSearch } from '../domain/search/search.ts'
import { createReading } from '../domain/events/reading.ts'
import { createWriting } from '../domain/events/writing.ts'
import { createPasswordHasher } from '../domain/accounts/passwords.ts'
import { EventWriter } from '../domain/events/event-writer.ts'
import { MessageGate } from '../domain/events/message-gate.ts'
import { MessageInquiry } from '../domain/message-hook/inquiry.ts'
import { Features } from '../domain/features.ts'
import { Feeds } from '../domain/feeds/feeds.ts'
import { Avatars } from '../domain/files/avatars.ts'
import { Files } from '../domain/files/files.ts'
import { publishInvalidation } from '../domain/invalidations.ts'
import { sync } from '../domain/feeds/sync.ts'
import { Idempotency } from '../domain/idempotency.ts'
import { createAuditLog } from '../domain/moderation/audit-log.ts'
import { createHealth } from '../domain/moderation/health.ts'
import { isOperator } from '../domain/moderation/operators.ts'
import { createReports } from '../domain/moderation/reports.ts'
import { Sessions } from '../domain/accounts/sessions.ts'
import { TokenRevocations } from '../domain/accounts/token-revocations.ts'
import { createErasures } from '../jobs/erasures.ts'
import type { JobLog } from '../jobs/job-runner.ts'
import type { FileStorage } from '../files/files.ts'
import type { RateLimiter } from '../rate-limits/rate-limiter.ts'
import { createDeliveries } from '../domain/webhooks/deliveries.ts'
import { UserTokens } from '../integrations/user-tokens/user-tokens.ts'
import type { Database, Orm } from '../store/database.ts'
import { prepareWriteBatch } from '../store/changes.ts'
import { preparePostBatch } from '../store/posts.ts'
import { atOnce, type UnitOfWork } from '../store/unit-of-work.ts'
import type { Metrics } from '../observability/metrics/metrics.ts'
import type { Tracing } from '../observability/tracing/tracing.ts'
import { createIntegrations } from './integrations.ts'
import { createPush } from './push.ts'

/** Dependencies of the domain. */
export type ServiceDeps = {
  config: Config
  database: Database
  epoch: Epoch
  bus: Bus
  /** Called after a transaction that inserted a job, e.g. a mail. */
  onJobs: () => void
  rates: RateLimiter
  /** Undefined where files are off. */
  files: FileStorage | undefined
  tracing: Tracing | undefined
  metrics: Metrics
  log: JobLog
}

/** Requests with an `Idempotency-Key` at the same time: for so many of the connections to Postgres. */
const KEYED_REQUESTS_SHARE = 0.5

/** The services of the domain, as dialects and the hub use them. */
export type Services = Awaited<ReturnType<typeof createServices>>
/** Those whose writes a request with an `Idempotency-Key` commits together with its answer. */
export type UnitServices = ReturnType<Services['within']>

/** Builds the domain. */
export async function createServices (deps: ServiceDeps) {
  const { config, database: { orm }, epoch, bus, log } = deps
  const feeds = new Feeds(orm)
  const sessions = createSessions(deps, feeds)
  const features = new Features(orm)
  const readMarks = new ReadMarks({ orm, receiptsMaxMembers: config.receiptsMaxMembers })
  const chats = createChats({ orm, bus, features, readMarks, memberEventsMax: config.memberEventsMax })
  const tokenRevocations = new TokenRevocations()
  const applicationUsers = new ApplicationUsers({
    orm, afterCommit: atOnce, bus, feeds, sessions, revocations: tokenRevocations
  })
  const integrations = createIntegrations({ ...deps, orm })
  const { outbound, messageHook, webhooksIn } = integrations
  await messageHook.refresh()
  const messages = createMessageServices(deps, { chats, features, feeds, ...integrations })
  const { onJobs } = deps
  const erasures = createErasures({ step: chats.eraseStep, onJobs, log })
  const accounts = createAccounts(await accountsDeps(deps, { sessions, eraser: erasures }))
  const shared = {
    webhooksIn, bus, sessions, eraser: erasures, revocations: tokenRevocations, removeAccount: accounts.remove, onJobs
  }
  const userServices = createUserServices({ ...shared, feeds, orm, afterCommit: atOnce })
  return {
    ...userServices,
    accounts,
    outbound,
    push: await createPush({ ...deps, orm, outbound }),
    messageHook,
    applicationUsers,
    tokenRevocations,
    idempotency: new Idempotency(orm, Math.max(1, Math.floor(config.database.pool * KEYED_REQUESTS_SHARE))),
    /** The services in a unit. */
    within: (unit: UnitOfWork) => ({
      ...createUserServices({ ...shared, feeds, ...unit, sessions: sessions.within(unit) }),
      applicationUsers: applicationUsers.within(unit),
      chats: chats.within(unit),
      files: messages.files.within(unit)
    }),
    userTokens: new UserTokens(config.userTokens, log),
    authenticateApiKey: (key: string) => authenticateApiKey(orm, key),
    findEndedCredentials: findEndedCredentials.bind(undefined, { sessions, applicationUsers, epoch }),
    sessions,
    feeds,
    /** Brings a client of a user up to date. */
    sync: sync.bind(undefined, orm),
    chats,
    avatars: createAvatars(deps, chats, userServices.users),
    erasures,
    epoch,
    readMarks,
    presenceSettings: new PresenceSettings(orm),
    blocks: createBlocks(orm, bus, feeds),
    ...createAdministration(deps),
    ...messages,
    /** Counts the unread messages of a user in all chats. */
    countUnread: countAllUnread.bind(undefined, orm)
  }
}

function createSessions ({ config, database: { orm }, bus, rates }: ServiceDeps, feeds: Feeds): Sessions {
  return new Sessions({
    orm,
    bus,
    onChanged: (userId) => feeds.announce([userId]),
    refreshTtlMs: config.refreshTokenTtlMs,
    maxAgeMs: config.sessionMaxAgeMs,
    reuseGraceMs: config.refreshReuseGraceMs,
    rates
  })
}

/** What operators of the installation see. */
function createAdministration ({ config, database: { orm }, bus }: ServiceDeps) {
  return {
    auditLog: createAuditLog(orm),
    health: createHealth({ orm, isRedisUp: config.redis === undefined ? undefined : () => bus.isUp }),
    isOperator: (userId: number) => isOperator(orm, userId)
  }
}

/** Returns which of these credentials are no longer good. @throws when the store cannot be read */
async function findEndedCredentials (
  { sessions, applicationUsers, epoch }: { sessions: Sessions, applicationUsers: ApplicationUsers, epoch: Epoch },
  credentialIds: string[]
): Promise<string[]> {
  const began = epoch.current
  const sessionIds = credentialIds.filter((id) => parseTokenCredential(id) === undefined)
  const ended = [
    ...(sessionIds.length === 0 ? [] : await sessions.findDead(sessionIds)),
    ...await applicationUsers.findRevoked(credentialIds)
  ]
  // While a dump is restored rows are missing that will be there again: nobody is logged out for that.
  if (ended.length > 0) await epoch.check()
  return epoch.current === began ? ended : []
}

function createBlocks (orm: Orm, bus: Bus, feeds: Feeds): Blocks {
  const blocks = new Blocks(orm)
  blocks.onChanged(([userId], chat) => {
    if (chat !== undefined) publishInvalidation(bus, { type: 'members_changed', ...chat })
    feeds.announce([userId])
  })
  return blocks
}

function createUserServices (
  { webhooksIn, ...deps }: UserAdministrationDeps & Pick<ReturnType<typeof createIntegrations>, 'webhooksIn'> &
    { feeds: Feeds, onJobs: () => void }
) {
  return {
    webhooks: webhooksIn(deps),
    deliveries: createDeliveries(deps),
    apiKeys: createApiKeys(deps.orm),
    reports: createReports(deps.orm),
    users: createUserProfiles(deps),
    userAdministration: createUserAdministration(deps)
  }
}

function createMessageServices (
  deps: ServiceDeps,
  { chats, features, feeds, outbound, messageHook: settings }:
  { chats: Chats, features: Features, feeds: Feeds } & ReturnType<typeof createIntegrations>
) {
  const { config, database: { orm }, tracing, metrics } = deps
  const writer = new EventWriter({
    postBatch: preparePostBatch(orm), writeBatch: prepareWriteBatch(orm), ...config.posting, tracing
  })
  const inquiry = new MessageInquiry({ orm, settings, features, outbound, metrics, log: deps.log })
  const poster = new MessageGate(writer, inquiry, config.posting.queue)
  const [log, messages] = [createEventLog(orm), createMessages({ orm, chats, features, feeds, poster })]
  const files = createFiles(deps)
  return {
    log,
    messages,
    reading: createReading(orm, log),
    search: createSearch(orm, config.isSearchOn),
    writing: createWriting({ orm, messages, files }),
    files
  }
}

function createFiles ({ config, database: { orm }, files: storage }: ServiceDeps): Files {
  const { maxBytes, quotaBytes, origin = new URL(config.publicUrl).origin } = config.files
  return new Files({ orm, storage, secrets: config.jwtSecrets, maxBytes, quotaBytes, origin })
}

function createAvatars (
  { config: { publicUrl }, database: { orm }, files: storage }: ServiceDeps, chats: Chats, users: UserProfiles
): Avatars {
  return new Avatars({ orm, storage, users, chats, publicUrl })
}

async function accountsDeps (
  { config, database: { orm }, onJobs, rates }: ServiceDeps,
  { sessions, eraser }: Pick<AccountsDeps, 'sessions' | 'eraser'>
): Promise<AccountsDeps> {
  const linkTo = (page: string, parameters: Record<string, string>) =>
    `${config.publicUrl}/user/${page}?${new URLSearchParams(parameters).toString()}`
  return {
    orm,
    sessions,
    passwords: await createPasswordHasher(config.hashing),
    keys: config.jwtSecrets,
    registration: config.registration,
    isVerificationRequired: config.isVerificationRequired,
    resetLink: (token, username) => linkTo('reset-password', { token, username }),
    verificationLink: (token) => linkTo('verify-email', { token }),
    enableLink: (token, username) => linkTo('enable-account', { token, username }),
    issuer: new URL(config.publicUrl).hostname,
    eraser,
    onMail: onJobs,
    rates,
    loginLimits: config.loginLimits,
    areAccountsHidden: config.areAccountsHidden
  }
}
