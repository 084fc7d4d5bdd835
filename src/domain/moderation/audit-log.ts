/** Reading the audit log. */
import { type AuditFilter, type AuditRow, listAudit, removeOldAudit } from '../../store/audit-log.ts'
import type { PageOf } from '../../store/chat-views.ts'
import type { Orm } from '../../store/database.ts'
import { findUsers } from '../accounts/find-users.ts'
import { isStorableThroughout } from '../text.ts'

export type { AuditRow } from '../../store/audit-log.ts'

/** Which rows are listed; users by their ids of `/v1`. */
export type AuditQuery = Omit<AuditFilter, 'actorId' | 'userId'> & {
  actor?: string | undefined
  user?: string | undefined
}

/** A user that there is not. */
const NOBODY = -1

/** The audit log of this server. */
export function createAuditLog (orm: Orm) {
  return {
    /** Returns a page and one more, the newest first. */
    list: async ({ actor, user, ...filter }: AuditQuery, page: PageOf<number>): Promise<AuditRow[]> => {
      // No row has what cannot be stored.
      if (!isStorableThroughout([filter.chat, filter.keyId])) return []
      const ids = [actor, user].flatMap((id) => id ?? [])
      const known = ids.length === 0 ? new Map<string, { userId: number }>() : await findUsers(orm, ids)
      const numberOf = (id: string | undefined) => id === undefined ? undefined : known.get(id)?.userId ?? NOBODY
      return listAudit(orm, { ...filter, actorId: numberOf(actor), userId: numberOf(user) }, page)
    },
    /** Deletes what is older than this. */
    removeOlderThan: (ageMs: number) => removeOldAudit(orm, ageMs)
  }
}
