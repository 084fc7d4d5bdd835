/** What operators of the installation see. */
import type { CallOptions } from '../http.ts'
import { call, type Requester } from '../management/call.ts'
import { withFields } from '../types.ts'
import { listPage, type ListedPage, type PageOptions } from './pages.ts'

/** Who managed what. */
export type AuditEntry = {
  readonly id: string
  readonly at: string
  /** Such as `member.banned`. */
  readonly action: string
  /** A user, null when it is erased; an API key; one on behalf of the other; or a command of `confab`. */
  readonly actor: { readonly user?: string | null, readonly key?: string, readonly command?: true }
  readonly address: string | null
  readonly target: Readonly<Record<string, string | number | null>>
  readonly data: Readonly<Record<string, unknown>>
}

/** Which entries: those that match all that is given. */
export type AuditFilter = {
  actor?: string
  key?: string
  /** Commands of `confab` alone. */
  command?: true
  /** The user that it was done to. */
  user?: string
  chat?: string
  /** An action, or a group of them: `member.*`. */
  action?: string
  since?: Date
  until?: Date
}

/** A replica that is alive. */
export type ReplicaHealth = {
  readonly id: string
  readonly version: string
  readonly started_at: string
  readonly seen_at: string
  readonly connections: number
  readonly messages_per_minute: number
  readonly bus: 'up' | 'down'
  readonly memory_bytes: number
  readonly disk: { readonly free_bytes: number, readonly total_bytes: number } | null
}

/** The queue of jobs of a kind. */
export type JobHealth = {
  readonly kind: string
  readonly waiting: number
  readonly dead: number
  readonly oldest_seconds: number | null
}

/** How the installation is. */
export type Health = {
  readonly at: string
  readonly replicas: readonly ReplicaHealth[]
  readonly connections: number
  readonly messages_per_minute: number
  readonly postgres: { readonly version: string, readonly latency_ms: number, readonly size_bytes: number }
  /** Null where there is none. */
  readonly redis: { readonly status: 'up' | 'down' } | null
  readonly jobs: readonly JobHealth[]
  readonly files: { readonly count: number, readonly size_bytes: number }
  readonly open_reports: number
}

const isEntry = withFields<AuditEntry>('id', 'action', 'actor')
const isHealth = withFields<Health>('replicas', 'postgres', 'jobs')

/** A page of the audit log, the newest first. @throws {ConfabProblem} `not_an_operator` */
export async function listAuditLog (
  client: Requester, { command, since, until, signal, ...options }: AuditFilter & PageOptions = {}
): Promise<ListedPage<AuditEntry>> {
  return listPage(client, '/audit-log', isEntry, {
    ...options,
    command: command === true ? 'true' : undefined,
    since: since?.toISOString(),
    until: until?.toISOString()
  }, { signal })
}

/** How the installation is; cheap to ask for. @throws {ConfabProblem} `not_an_operator` */
export async function readHealth (client: Requester, { signal }: CallOptions = {}): Promise<Health> {
  return call(client, '/health-report', isHealth, { signal })
}
