/** The dialogs that can be opened anywhere; at most one is open. */
import { signal } from '@preact/signals'

/** Text that another application shares. */
export type Shared = { readonly kind: 'share', readonly text: string }

/** What is being reported: a message, or a person, perhaps for what they do in a chat. */
export type Reporting = {
  readonly kind: 'report'
  readonly target: { chat: string, seq: number } | { user: string, chat?: string }
  /** The person, or the author of the message. */
  readonly user: string | null
}

/** The open dialog. */
export const shownDialog = signal<{ readonly kind: 'switcher' | 'shortcuts' } | Shared | Reporting | null>(null)
