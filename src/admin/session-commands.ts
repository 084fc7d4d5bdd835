/** The commands for the sessions of an account. */
import type { SessionSummary } from '../domain/accounts/sessions.ts'
import type { Call, Command } from './command.ts'

/** Said when sessions were ended without the bus. */
export const REPLICAS_NOT_NOTIFIED =
  'No Redis was reached: open sockets on the replicas end at the next check of their sessions ' +
  '(SESSION_CHECK_INTERVAL).'

/** Listing and ending sessions. */
export const SESSION_COMMANDS: readonly Command[] = [
  {
    words: 'sessions list',
    usage: '<username>',
    purpose: 'list the sessions of an account: id, login, last refresh, end, and what its client called itself',
    run: runListSessions
  },
  {
    words: 'sessions end',
    usage: '<username> <session>',
    purpose: 'end one session of an account, with its sockets',
    run: runEndSession
  },
  {
    words: 'sessions revoke',
    usage: '<username>',
    purpose: 'end all sessions and sockets of an account',
    run: runRevoke
  }
]

async function runListSessions ({ context, parameters: [username = ''] }: Call): Promise<string[]> {
  const sessions = await context.administrate((administration) => administration.listSessions(username))
  return sessions.length === 0 ? [`${username} has no session.`] : sessions.map(describeSession)
}

/** One line with tabs between its columns. A client can call itself anything, but not so as to control a terminal. */
function describeSession ({ sessionId, createdAt, lastUsedAt, expiresAt, userAgent }: SessionSummary): string {
  const times = [createdAt, lastUsedAt, expiresAt].map((time) => time.toISOString())
  return [sessionId, ...times, (userAgent ?? '').replace(/[^\x20-\x7e]/g, '?')].join('\t')
}

async function runEndSession ({ context, parameters: [username = '', sessionId = ''] }: Call): Promise<string[]> {
  return context.administrate(async (administration, reachesReplicas) => {
    await administration.endSession(username, sessionId)
    return [sessionsEnded(1), ...(reachesReplicas ? [] : [REPLICAS_NOT_NOTIFIED])]
  })
}

async function runRevoke ({ context, parameters: [username = ''] }: Call): Promise<string[]> {
  return context.administrate(async (administration, reachesReplicas) => [
    sessionsEnded(await administration.revokeSessions(username)),
    ...(reachesReplicas ? [] : [REPLICAS_NOT_NOTIFIED])
  ])
}

/** Says how many sessions were ended. */
export function sessionsEnded (count: number): string {
  return count === 1 ? '1 session was ended.' : `${String(count)} sessions were ended.`
}
