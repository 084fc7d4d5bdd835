/** What the next text of a place is: a new message, a reply, or another text of a message. */
import { type Signal, signal } from '@preact/signals'
import type { ListedMessage } from '../../../client/index.ts'
import { login } from '../session/session.ts'

/** See the head of this file. */
export type ComposerMode =
  | { readonly kind: 'new' }
  | { readonly kind: 'reply', readonly message: ListedMessage }
  /** `text` is what was written so far in the place of the text of the message. */
  | { readonly kind: 'edit', readonly message: ListedMessage, readonly text?: string }

/** The usual mode. */
export const NEW: ComposerMode = { kind: 'new' }

const modes = new Map<string, Signal<ComposerMode>>()

// Nothing of one user may be shown to another.
login.on('end', () => modes.clear())

/** The mode of a place. @param key see `draftKey` */
export function modeOf (key: string): Signal<ComposerMode> {
  let mode = modes.get(key)
  if (mode === undefined) modes.set(key, mode = signal<ComposerMode>(NEW))
  return mode
}
