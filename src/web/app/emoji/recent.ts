/** The emojis that the user takes most. */
import { browserTexts } from '../state/browser-storage.ts'

const RECENT = 'confab-emojis'
const MAX_RECENT = 24
const USUAL = ['👍', '❤️', '😂', '🎉', '😮', '😢', '🙏', '👀']

/** The emojis that were used last, and some that are used much. */
export function recentEmojis (): string[] {
  const kept = (browserTexts.getItem(RECENT) ?? '').split(' ').filter((emoji) => emoji !== '')
  return [...new Set([...kept, ...USUAL])].slice(0, MAX_RECENT)
}

/** Notes that an emoji was used. */
export function noteEmoji (emoji: string): void {
  const recent = [emoji, ...recentEmojis().filter((other) => other !== emoji)]
  browserTexts.setItem(RECENT, recent.slice(0, MAX_RECENT).join(' '))
}

/** Forgets them. */
export function forgetEmojis (): void {
  browserTexts.removeItem(RECENT)
}
