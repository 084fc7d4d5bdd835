/** What people look like: the first letters of their name on a colour that is always the same for them. */
import { element } from './dom.ts'

/** As many as the style has. */
const HUES = 10
const MAX_INITIALS = 2

/** A round picture, for the eye only. */
export function avatar (name: string): HTMLElement {
  return element('span', { class: `avatar hue-${String(hueOf(name))}`, 'aria-hidden': 'true' }, initialsOf(name))
}

/** The first letters of the first words; of one word, the first letter. */
function initialsOf (name: string): string {
  const words = name.split(/[\s._-]+/).filter((word) => word !== '')
  return words.slice(0, MAX_INITIALS).map((word) => Array.from(word)[0] ?? '').join('').toLocaleUpperCase()
}

/** FNV-1a: names that differ in a letter differ in colour. */
function hueOf (name: string): number {
  let hash = 0x811c9dc5
  for (const character of name.toLowerCase()) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
  return (hash >>> 12) % HUES
}
