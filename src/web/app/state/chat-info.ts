/** What is known of a chat that may be none of the user's. */
import type { ChatInfo, ChatState, Live } from '../../../client/index.ts'
import { useSession } from '../session/context.ts'
import { useLive } from './live.ts'

const NOTHING: ChatState = { info: null, status: 'idle', problem: null }
const NONE: Live<ChatState> = {
  subscribe: () => () => undefined, getSnapshot: () => NOTHING, getInitialSnapshot: () => NOTHING
}

/** The chat; null without an id, before it is loaded, and when the user may not see it. */
export function useChatInfo (chatId: string | null): ChatInfo | null {
  const { client } = useSession()
  return useLive(chatId === null ? NONE : client.chat(chatId).state).info
}
