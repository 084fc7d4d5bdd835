/** A number on something, e.g. of unread messages. */
import { words } from '../words/index.ts'

/** Properties of {@link Badge}. */
export type BadgeProps = { count: number, hasMore?: boolean, isQuiet?: boolean }

/** A badge of unread messages; nothing without any. */
export function Badge ({ count, hasMore = false, isQuiet = false }: BadgeProps) {
  if (count <= 0) return null
  const text = `${String(count)}${hasMore ? '+' : ''}`
  return (
    <span class={`badge ${isQuiet ? 'is-quiet' : ''}`}>
      <span aria-hidden='true'>{text}</span>
      <span class='unseen'>{words.value.chats.unread(text)}</span>
    </span>
  )
}
