/** The members of a chat whose names begin with a text. */
import { useEffect, useState } from 'preact/hooks'
import type { Chat, Member, Members } from '../../../client/index.ts'
import { useLive } from '../state/live.ts'
import { useUserSearch } from '../state/find-users.ts'

/** What {@link useFoundMembers} returns. */
export type FoundMembers = Members & { readonly isSearching: boolean, readonly loadMore: () => void }

/**
 * Finds members. The server finds users by name, and lists members without names; so all members are loaded, which for
 * 10,000 of them takes 50 pages, and those are shown who are found.
 */
export function useFoundMembers (chat: Chat, search: string): FoundMembers {
  const list = useLive(chat.members)
  const [problem, setProblem] = useState<unknown>(null)
  const { found } = useUserSearch(search, setProblem, { isWhole: true })
  const isFinding = search.trim() !== ''
  const { hasMore, isLoading, items } = list
  const loadMore = () => void chat.members.loadMore().catch(() => undefined)
  useEffect(() => {
    if (isFinding && hasMore && !isLoading) loadMore()
  }, [isFinding, hasMore, isLoading, items.length])
  if (!isFinding) return { ...list, isSearching: false, loadMore }
  const ids = new Set(found?.map(({ id }) => id))
  const isFound = ({ user }: Member) => user !== null && ids.has(user)
  return {
    ...list,
    items: items.filter(isFound),
    problem: list.problem,
    isSearching: problem === null && (found === null || hasMore),
    hasMore: false,
    loadMore
  }
}
