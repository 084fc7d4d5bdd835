/** The reactions to a message. */
import type { Chat, ListedMessage } from '../../../client/index.ts'
import { showProblem } from '../design/toast.tsx'
import { words } from '../words/index.ts'

/** Takes a reaction back, or adds it. It shows at once. */
export function toggleReaction (chat: Chat, { seq, reactions }: ListedMessage, emoji: string): void {
  if (seq === null) return
  const changing = reactions[emoji]?.me === true ? chat.unreact(seq, emoji) : chat.react(seq, emoji)
  changing.catch(showProblem)
}

/** The bar; nothing without reactions. */
export function ReactionBar ({ chat, message }: { chat: Chat, message: ListedMessage }) {
  const entries = Object.entries(message.reactions)
  if (entries.length === 0) return null
  return (
    <ul class='reactions'>
      {entries.map(([emoji, { count, me = false }]) => (
        <li key={emoji}>
          <button
            type='button' class={`reaction ${me ? 'is-mine' : ''}`} aria-pressed={me}
            aria-label={words.value.timeline.reactions(emoji, count)}
            onClick={() => toggleReaction(chat, message, emoji)}
          >
            <span aria-hidden='true'>{emoji} {count}</span>
          </button>
        </li>
      ))}
    </ul>
  )
}
