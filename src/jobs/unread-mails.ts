/**
 * The jobs that mail users about messages that they have not read for as long as they have chosen: one at a time for
 * each, so that there is one mail in that time at most, and none where everything was read meanwhile.
 */
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import { countUnread } from '../domain/chats/unread.ts'
import { unreadMail } from '../mail/unread-mail.ts'
import type { Orm } from '../store/database.ts'
import { lockMailState, noteMailed } from '../store/notification-settings.ts'
import { insertMail } from '../store/outbox.ts'
import { listUnreadChats } from '../store/push-notices.ts'
import { beginUnreadMail, UNREAD_MAIL_KIND } from '../store/unread-mails.ts'
import { findUserById } from '../store/users.ts'
import { backoff, type JobKind, type Outcome } from './job-kind.ts'

const CONCURRENCY = 4
const MAX_ATTEMPTS = 10
const [FIRST_RETRY_MS, MAX_RETRY_MS] = [5_000, 600_000]
/** Chats that a mail names. */
const MAX_CHATS = 20

/** Dependencies of the mails. */
export type UnreadMailsDeps = {
  orm: Orm
  /** Where messages can be read. */
  link: string
  unsubscribeLink: (userId: number) => string
  /** Called when there is a mail to send. */
  onJobs: () => void
}

const payloadForm = Compile(Type.Object({ user: Type.Integer() }))

/** Mails users about unread messages. */
export function createUnreadMails (deps: UnreadMailsDeps): JobKind {
  return {
    name: UNREAD_MAIL_KIND,
    concurrency: CONCURRENCY,
    perTarget: CONCURRENCY,
    maxAttempts: MAX_ATTEMPTS,
    retryDelayMs: backoff(FIRST_RETRY_MS, MAX_RETRY_MS),
    run: async (job) => {
      const { user } = payloadForm.Parse(job.payload)
      // Committed before it looks for messages: one that it does not see finds no job that is about to end.
      await beginUnreadMail(deps.orm, job)
      return run(deps, user)
    }
  }
}

/** What is read since the last mail, and the next one, are noted in one transaction with the mail. */
async function run ({ orm, link, unsubscribeLink, onJobs }: UnreadMailsDeps, userId: number): Promise<Outcome> {
  const isMailed = await orm.transaction(async (tx) => {
    const state = await lockMailState(tx, userId)
    const user = await findUserById(tx, userId)
    if (state?.mailAfterMinutes == null || user === undefined) return false
    if (user.emailVerifiedAt === null || user.suspendedAt !== null || user.disabledAt !== null) return false
    const listed = await listUnreadChats(tx, userId, { since: state.mailedAt, limit: MAX_CHATS })
    const counts = await countUnread(tx, userId, listed.map(({ chatId }) => chatId))
    const chats = listed.flatMap(({ chatId, ...chat }) => {
      const { unread = 0, hasMore = false } = counts.get(chatId) ?? {}
      return unread === 0 ? [] : [{ ...chat, unread, hasMore }]
    })
    if (chats.length === 0) return false
    await insertMail(tx, unreadMail({
      to: user.email, username: user.username, chats, link, unsubscribeLink: unsubscribeLink(userId)
    }))
    await noteMailed(tx, userId)
    return true
  })
  if (isMailed) onJobs()
  return { status: 'done' }
}
