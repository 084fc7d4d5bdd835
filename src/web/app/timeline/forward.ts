/** The message that is being forwarded. */
import { type ReadonlySignal, signal } from '@preact/signals'
import type { ListedMessage } from '../../../client/index.ts'
import { login } from '../session/session.ts'

const chosen = signal<ListedMessage | null>(null)

/** The message; null when none is. */
export const forwarded: ReadonlySignal<ListedMessage | null> = chosen

// Nothing of one user may be shown to another.
login.on('end', endForward)

/** Asks where to a message shall be forwarded. */
export function startForward (message: ListedMessage): void {
  chosen.value = message
}

/** Forwards nothing any more. */
export function endForward (): void {
  chosen.value = null
}
