/** Listens for the shortcuts. */
import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { shownDialog } from '../extras/dialogs.ts'
import { useSession } from '../session/context.ts'
import { browserTexts } from '../state/browser-storage.ts'
import { act } from './actions.ts'
import { shortcutOf } from './keys.ts'

const SETTING = 'confab-single-keys'
const NO_TEXT = new Set(['button', 'checkbox', 'radio', 'range', 'submit', 'reset', 'file', 'color', 'image'])

/** Whether the keys of a Mac are meant. */
export const isMac: boolean = /mac|iphone|ipad/i.test(navigator.userAgent)

/** Whether keys without Ctrl and the like are shortcuts. */
export const hasSingleKeys = signal(browserTexts.getItem(SETTING) !== 'off')

/** Changes that, in this browser. */
export function setSingleKeys (isOn: boolean): void {
  hasSingleKeys.value = isOn
  if (isOn) browserTexts.removeItem(SETTING)
  else browserTexts.setItem(SETTING, 'off')
}

/** Listens as long as the component is shown. */
export function useShortcuts (): void {
  const session = useSession()
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.isComposing || event.defaultPrevented || event.repeat) return
      const name = shortcutOf(event, {
        isMac, fieldText: fieldText(event.target), hasSingleKeys: hasSingleKeys.value
      })
      if (name === undefined || isCovered(name === 'switcher')) return
      if (act(name, session)) event.preventDefault()
    }
    addEventListener('keydown', listen)
    return () => removeEventListener('keydown', listen)
  }, [session])
}

/** A dialog or a menu is open: it has the keys. The switcher is closed by the keys that have opened it. */
function isCovered (isSwitcher: boolean): boolean {
  if (isSwitcher && shownDialog.value?.kind === 'switcher') return false
  return document.querySelector('dialog[open], :popover-open') !== null
}

/** The text of the field that has the focus; null for what is none. */
function fieldText (target: EventTarget | null): string | null {
  if (target instanceof HTMLInputElement) return NO_TEXT.has(target.type) ? null : target.value
  if (target instanceof HTMLTextAreaElement) return target.value
  // The keys of a list of choices are its own.
  if (target instanceof HTMLSelectElement) return ' '
  return target instanceof HTMLElement && target.isContentEditable ? target.textContent : null
}
