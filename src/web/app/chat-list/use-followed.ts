/** Following what is in view. */
import { useEffect, useState } from 'preact/hooks'
import { useSession } from '../session/context.ts'

/** Rows that are only scrolled past are not worth a request. */
const DELAY_MS = 200

/**
 * Follows a chat as long as the component is there: where there is no room for all chats, those in view come first.
 * @returns whether it is there for a while already
 */
export function useFollowed (id: string): boolean {
  const { client } = useSession()
  const [isSettled, setSettled] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(true), DELAY_MS)
    return () => clearTimeout(timer)
  }, [])
  useEffect(() => isSettled ? client.chat(id).follow() : undefined, [client, id, isSettled])
  return isSettled
}
