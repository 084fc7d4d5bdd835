/**
 * The texts of the page in the language of the browser, or the one that the user has chosen. Those of parts that are
 * loaded when they are needed are in `more.ts`.
 */
import { batch, computed, type ReadonlySignal, signal } from '@preact/signals'
import { browserTexts } from '../state/browser-storage.ts'
import { en } from './en.ts'
import type { MoreWords, Words } from './words.ts'

type Language = { name: string, load: () => Promise<Words>, loadMore: () => Promise<MoreWords> }

/** The languages: to add one, write its file and add it here. */
export const LANGUAGES: Readonly<Record<string, Language>> = {
  en: { name: 'English', load: async () => en, loadMore: async () => (await import('./en/more.ts')).more },
  de: {
    name: 'Deutsch',
    load: async () => (await import('./de.ts')).de,
    loadMore: async () => (await import('./de/more.ts')).more
  }
}
const CHOSEN = 'confab-language'
const RIGHT_TO_LEFT = /^(?:ar|fa|he|ur)\b/

const current = signal<Words>(en)
const currentMore = signal<MoreWords | undefined>(undefined)
const language = signal('en')

/** The texts; a component that reads them renders again in another language. */
export const words: ReadonlySignal<Words> = current

/** The texts of what is loaded when it is needed; undefined before {@link loadMoreWords}. */
export const moreWords: ReadonlySignal<MoreWords | undefined> = currentMore

/** Loads the texts of what is loaded when it is needed. */
export async function loadMoreWords (): Promise<void> {
  const { value: shown } = language
  const more = await LANGUAGES[shown]?.loadMore()
  // Another language may have been chosen meanwhile.
  if (language.value === shown) currentMore.value ??= more
  else await loadMoreWords()
}

/**
 * The locale of dates and numbers: that of the browser where it is of the same language, e.g. `en-GB`, since it knows
 * what people there are used to.
 */
export const locale: ReadonlySignal<string> = computed(() =>
  navigator.languages.find((tag) => tag.split('-')[0] === language.value) ?? language.value)

/** The language that is shown. */
export const shownLanguage: ReadonlySignal<string> = language

/** Shows the language that was chosen, or that of the browser. */
export async function startLanguage (): Promise<void> {
  const chosen = browserTexts.getItem(CHOSEN)
  const tags = [...(chosen === null ? [] : [chosen]), ...navigator.languages]
  const known = tags.map((tag) => tag.split('-')[0] ?? '').find((tag) => tag in LANGUAGES)
  await showLanguage(known ?? 'en')
}

/** Shows a language, and remembers the choice. */
export async function chooseLanguage (chosen: string): Promise<void> {
  browserTexts.setItem(CHOSEN, chosen)
  await showLanguage(chosen)
}

async function showLanguage (shown: string): Promise<void> {
  const { [shown]: found } = LANGUAGES
  if (found === undefined) return
  const texts = await found.load()
  const more = currentMore.value && await found.loadMore()
  batch(() => {
    current.value = texts
    currentMore.value = more
    language.value = shown
  })
  document.documentElement.lang = shown
  document.documentElement.dir = RIGHT_TO_LEFT.test(shown) ? 'rtl' : 'ltr'
}
