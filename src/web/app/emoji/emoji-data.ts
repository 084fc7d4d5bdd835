/** The emojis, loaded when they are needed first, in the language of the page. */
import { shownLanguage } from '../words/index.ts'

/** An emoji. */
export type Emoji = {
  readonly emoji: string
  readonly group: number
  /** For `:name:`. */
  readonly names: readonly string[]
  /** To find it by, in lower case. */
  readonly words: string
}

let loaded: Promise<readonly Emoji[]> | undefined

/** All emojis. */
export async function loadEmojis (): Promise<readonly Emoji[]> {
  loaded ??= (shownLanguage.value === 'de' ? import('emoji-data:de') : import('emoji-data:en')).then(
    ({ default: rows }) => rows.map(([emoji, group, names, words]) =>
      ({ emoji, group, names, words: `${names.join(' ')} ${words}`.toLocaleLowerCase() })))
  try {
    return await loaded
  } catch (error) {
    // The next one who needs them tries again.
    loaded = undefined
    throw error
  }
}

/** Those that a text finds; those whose names begin with it come first. */
export function findEmojis (emojis: readonly Emoji[], text: string, limit: number): Emoji[] {
  const wanted = text.trim().toLocaleLowerCase()
  const named = emojis.filter(({ names }) => names.some((name) => name.startsWith(wanted)))
  const others = emojis.filter((emoji) => !named.includes(emoji) && emoji.words.includes(wanted))
  return [...named, ...others].slice(0, limit)
}
