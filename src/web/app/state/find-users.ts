/** Finding users by the beginning of their names. */
import { useEffect, useState } from 'preact/hooks'
import type { ConfabClient, User } from '../../../client/index.ts'
import { useSession } from '../session/context.ts'

const LIMIT = 20
/** The largest page of the server. */
const MAX_LIMIT = 200
/** The user may still be writing. */
const DELAY_MS = 200

/** Options of a search. */
export type FindOptions = {
  signal?: AbortSignal | undefined
  /** Finds as many as the server has on a page, the user included, instead of the first ones. */
  isWhole?: boolean | undefined
}

/** Returns the first ones. @throws {ConfabProblem} */
export async function findUsers (
  client: ConfabClient, search: string, { signal, isWhole = false }: FindOptions = {}
): Promise<readonly User[]> {
  const limit = isWhole ? MAX_LIMIT : LIMIT
  const path = `/users?limit=${String(limit)}&search=${encodeURIComponent(search.trim())}`
  const answer = await client.request(path, { signal })
  const items = typeof answer === 'object' && answer !== null && 'items' in answer ? answer.items : []
  return Array.isArray(items) ? items.filter(isUser) : []
}

/** What {@link useUserSearch} returns. */
export type UserSearch = {
  /** Null without a text. */
  readonly found: readonly User[] | null
  /** Finds at once, for who does not wait. @throws {ConfabProblem} */
  readonly findNow: () => Promise<readonly User[]>
}

/** Finds users as the text is written, without the user. `onProblem` gets null when one is over. */
export function useUserSearch (
  search: string, onProblem: (error: unknown) => void, { isWhole = false }: Pick<FindOptions, 'isWhole'> = {}
): UserSearch {
  const { client } = useSession()
  const [found, setFound] = useState<readonly User[] | null>(null)
  const find = async (signal?: AbortSignal) => {
    const users = await findUsers(client, search, { signal, isWhole })
    return isWhole ? users : users.filter(({ id }) => id !== client.user)
  }
  useEffect(() => {
    onProblem(null)
    if (search.trim() === '') {
      setFound(null)
      return
    }
    const ending = new AbortController()
    const timer = setTimeout(() => {
      find(ending.signal).then(setFound, (error: unknown) => {
        if (!ending.signal.aborted) onProblem(error)
      })
    }, DELAY_MS)
    return () => {
      clearTimeout(timer)
      ending.abort()
    }
  }, [search])
  const findNow = async () => {
    const users = await find()
    setFound(users)
    return users
  }
  return { found, findNow }
}

function isUser (value: unknown): value is User {
  return typeof value === 'object' && value !== null && 'id' in value && 'name' in value
}
