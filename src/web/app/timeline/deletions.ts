/** Messages that are deleted in a moment, which the user can still take back. */
import { type ReadonlySignal, signal } from '@preact/signals'
import type { Chat, ListedMessage } from '../../../client/index.ts'
import { showProblem, showToast } from '../design/toast.tsx'
import { session } from '../session/session.ts'
import { words } from '../words/index.ts'

/** As long as the undo is shown. */
const DELAY_MS = 5_000

const waiting = signal<ReadonlyMap<string, () => Promise<void>>>(new Map())

/** The messages, by {@link deletionKey}, each with what deletes it at once. */
export const deletions: ReadonlySignal<ReadonlyMap<string, () => Promise<void>>> = waiting

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
  const author = session.peek()
  const act = async () => {
    take()
    // Its author may have signed out, and cannot delete anything any more.
    if (session.peek() === author) await chat.delete(seq).catch(showProblem)
  }
  const timer = setTimeout(() => void act(), DELAY_MS)
  waiting.value = new Map([...waiting.value, [key, act]])
  showToast(words.value.timeline.deletedNow, { action: { label: words.value.undo, act: take } })
}

/** Deletes at once what waits: who leaves has decided. */
export async function deleteNow (): Promise<void> {
  await Promise.all([...waiting.value.values()].map((act) => act()))
}

// As far as the browser still sends it: otherwise the message is there again.
addEventListener('pagehide', () => void deleteNow())
