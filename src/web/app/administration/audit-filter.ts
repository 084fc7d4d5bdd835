/** What is shown of the audit log. Pure. */
import type { User } from '../../../client/index.ts'
import type { AuditFilter } from '../../../client/moderation/index.ts'

/** Groups of actions: what their names begin with. */
export const GROUPS = [
  'member', 'message', 'chat', 'report', 'user', 'operator', 'key', 'webhook', 'hook', 'chat_type', 'invite', 'jobs',
  'data'
] as const

/** The fields of the filters: days as `2026-11-28`, empty for none. */
export type ShownFilter = { group: string, actor: User | null, user: User | null, since: string, until: string }

/** Everything. */
export const NO_FILTER: ShownFilter = { group: '', actor: null, user: null, since: '', until: '' }

/** What the server is asked. Days are those of the browser, both included. */
export function auditQuery ({ group, actor, user, since, until }: ShownFilter): AuditFilter {
  return {
    ...(group !== '' && { action: `${group}.*` }),
    ...(actor !== null && { actor: actor.id }),
    ...(user !== null && { user: user.id }),
    ...(since !== '' && { since: startOf(since) }),
    ...(until !== '' && { until: dayAfter(startOf(until)) })
  }
}

function startOf (day: string): Date {
  return new Date(`${day}T00:00:00`)
}

/** Some days have 23 hours, and others 25. */
function dayAfter (day: Date): Date {
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() + 1)
}
