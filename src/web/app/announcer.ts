/** What screen readers should say without being asked: at the next pause, one thing after the other. */
import { element } from './dom.ts'

const region = element('div', { class: 'unseen', role: 'status', 'aria-live': 'polite' })
/** Old words would be read again by who walks through the page. */
const MAX_LINES = 3

/** Puts the region into the document, where it must be before there is something to say. */
export function installAnnouncer (): void {
  document.body.append(region)
}

/** Says a sentence. */
export function announce (sentence: string): void {
  region.append(element('p', {}, sentence))
  while (region.childElementCount > MAX_LINES) region.firstElementChild?.remove()
}
