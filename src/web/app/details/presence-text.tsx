/** Whether a user is there, in words. */
import { useSession } from '../session/context.ts'
import { useLive } from '../state/live.ts'
import { shortTime } from '../words/dates.ts'
import { words } from '../words/index.ts'

/** The words; nothing where the server may not tell. */
export function PresenceText ({ user }: { user: string }) {
  const { status, last_seen: lastSeen } = useLive(useSession().client.presenceOf(user))
  const { people } = words.value
  if (status === 'online') return <span class='is-online'>{people.online}</span>
  if (status === 'unknown') return null
  return <span>{lastSeen == null ? people.offline : people.lastSeen(shortTime(lastSeen))}</span>
}
