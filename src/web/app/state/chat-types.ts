/** The types of chats of the server. */
import { useEffect } from 'preact/hooks'
import { signal } from '@preact/signals'
import { type ChatType, listChatTypes } from '../../../client/management/index.ts'
import { useSession } from '../session/context.ts'

const known = signal<readonly ChatType[] | null>(null)
let loading: Promise<void> | undefined

/** The type of a chat; null before it is known. They hardly change: a reload of the page shows it. */
export function useChatType (type: string | undefined): ChatType | null {
  const { client } = useSession()
  useEffect(() => {
    loading ??= listChatTypes(client).then(
      (types) => {
        known.value = types
      },
      () => {
        // The next one who wants to know tries again.
        loading = undefined
      }
    )
  }, [])
  return known.value?.find((one) => one.type === type) ?? null
}
