/** The other one of a direct chat. */
import type { Chat, Live, Presence } from '../../../client/index.ts'
import { useSession } from '../session/context.ts'
import { useLive } from './live.ts'

/** The id of the other one; undefined before the chat is loaded. */
export function usePartner (chat: Chat): string | undefined {
  return useLive(chat.state).info?.partner ?? undefined
}

const UNKNOWN: Presence = { status: 'unknown' }
const NOBODY: Live<Presence> = {
  subscribe: () => () => undefined, getSnapshot: () => UNKNOWN, getInitialSnapshot: () => UNKNOWN
}

/** Whether a user is there. */
export function usePresence (user: string | undefined): Presence {
  const { client } = useSession()
  return useLive(user === undefined ? NOBODY : client.presenceOf(user))
}
