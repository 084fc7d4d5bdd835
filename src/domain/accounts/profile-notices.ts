/** Notices in the feeds of a user and of its contacts that its name or its picture has changed. */
import { listContactsOf } from '../../store/contacts.ts'
import type { Orm } from '../../store/database.ts'
import { addToFeeds } from '../../store/feeds.ts'

/** What others see of a user beside its messages. */
type Shown = { displayName: string, avatar: string | null }

/**
 * Adds the notices of a change of a profile, if it shows. They name the user alone: the profile may be another one when
 * they are read.
 * @param id the id of the user in `/v1`
 * @returns the users whose feeds have changed, to be announced after the commit
 */
export async function noteProfileChange (
  tx: Orm, { userId, id }: { userId: number, id: string }, before: Shown, after: Shown
): Promise<readonly number[]> {
  if (before.displayName === after.displayName && before.avatar === after.avatar) return []
  const userIds = [userId, ...await listContactsOf(tx, userId)]
  await addToFeeds(tx, userIds.map((reader) => ({ userId: reader, kind: 'user.updated', data: { user: id } })))
  return userIds
}
