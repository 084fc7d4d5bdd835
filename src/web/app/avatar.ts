/** Avatars: the initials of a name on a colour derived from it. */
import { element } from './dom.ts'

/** Number of colours in the style. */
const HUES = 10
const MAX_INITIALS = 2

/** A round picture, hidden from screen readers. */
export function avatar (name: string): HTMLElement {
  return element('span', { class: `avatar hue-${String(hueOf(name))}`, 'aria-hidden': 'true' }, initialsOf(name))
}

/** The first letters of the first two words, or the first letter of a single word. */
function initialsOf (name: string): string {
  const words = name.split(/[\s._-]+/).filter((word) => word !== '')
  return words.slice(0, MAX_INITIALS).map((word) => Array.from(word)[0] ?? '').join('').toLocaleUpperCase()
}

/** FNV-1a: names that differ in one letter differ in colour. */
function hueOf (name: string): number {
  let hash = 0x811c9dc5
  for (const character of name.toLowerCase()) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
  return (hash >>> 12) % HUES
}
