/** The invite of an address that was opened before signing in: it is shown when there is a session. */
import { type ReadonlySignal, signal } from '@preact/signals'
import { tabTexts } from '../state/browser-storage.ts'

/** For this tab alone, until it is accepted or declined: a registration may take a reload. */
const KEY = 'confab-invite'

const pending = signal<string | null>(tabTexts.getItem(KEY))

/** The code. */
export const pendingInvite: ReadonlySignal<string | null> = pending

/** Keeps a code, or with null forgets it. */
export function keepInvite (code: string | null): void {
  if (code === null) tabTexts.removeItem(KEY)
  else tabTexts.setItem(KEY, code)
  pending.value = code
}
