/** Live announcements for screen readers: at the next pause, one after the other. */
import { element } from './dom.ts'

const region = element('div', { class: 'unseen', role: 'status', 'aria-live': 'polite' })
/** Older lines would be read again by users who browse the page. */
const MAX_LINES = 3

/** Adds the live region to the document; it must be there before the first announcement. */
export function installAnnouncer (): void {
  document.body.append(region)
}

/** Announces a sentence. */
export function announce (sentence: string): void {
  region.append(element('p', {}, sentence))
  while (region.childElementCount > MAX_LINES) region.firstElementChild?.remove()
}
