/** Messages that are deleted in a moment, which the user can still take back. */
import { type ReadonlySignal, signal } from '@preact/signals'
import type { Chat, ListedMessage } from '../../../client/index.ts'
import { showProblem, showToast } from '../design/toast.tsx'
import { words } from '../words/index.ts'

/** As long as the undo is shown. */
const DELAY_MS = 5_000

const waiting = signal<ReadonlyMap<string, () => void>>(new Map())

/** The messages, by {@link deletionKey}, each with what deletes it at once. */
export const deletions: ReadonlySignal<ReadonlyMap<string, () => void>> = waiting

/** The key of a message. */
export function deletionKey ({ chat, seq }: Pick<ListedMessage, 'chat' | 'seq'>): string {
  return `${chat} ${String(seq)}`
}

/** Deletes a message in a moment. It shows as deleted at once. */
export function deleteSoon (chat: Chat, message: ListedMessage): void {
  const { seq } = message
  if (seq === null) return
  const key = deletionKey(message)
  const take = () => {
    clearTimeout(timer)
    waiting.value = new Map([...waiting.value].filter(([other]) => other !== key))
  }
  const act = () => {
    take()
    chat.delete(seq).catch(showProblem)
  }
  const timer = setTimeout(act, DELAY_MS)
  waiting.value = new Map([...waiting.value, [key, act]])
  showToast(words.value.timeline.deletedNow, { action: { label: words.value.undo, act: take } })
}

// Who closes the page has decided.
addEventListener('pagehide', () => {
  for (const act of waiting.value.values()) act()
})
