/** Texts that were not sent yet, by chat, kept for the next page. */
import { type ReadonlySignal, signal } from '@preact/signals'
import { browserTexts } from './browser-storage.ts'

const KEY = 'confab-drafts'
const MAX_DRAFTS = 50

const drafts = signal<Readonly<Record<string, string>>>(read())

/** All drafts, by the key of their place. */
export const allDrafts: ReadonlySignal<Readonly<Record<string, string>>> = drafts

/** The key of a place to write in: a chat, or a thread of it. */
export function draftKey (chat: string, parent?: number): string {
  return parent === undefined ? chat : `${chat}/${String(parent)}`
}

/** Keeps a draft; an empty one is dropped. */
export function keepDraft (key: string, text: string): void {
  const { [key]: before, ...others } = drafts.value
  if ((before ?? '') === text) return
  const kept = Object.entries(others)
  drafts.value = text === '' ? others : { ...Object.fromEntries(kept.slice(1 - MAX_DRAFTS)), [key]: text }
  browserTexts.setItem(KEY, JSON.stringify(drafts.value))
}

// Each tab keeps all drafts: without those of the others it would drop them.
addEventListener('storage', ({ key }) => {
  if (key === KEY) drafts.value = read()
})

/** Drops all drafts, when their author has signed out. */
export function dropDrafts (): void {
  drafts.value = {}
  browserTexts.removeItem(KEY)
}

function read (): Readonly<Record<string, string>> {
  try {
    const kept: unknown = JSON.parse(browserTexts.getItem(KEY) ?? '{}')
    if (typeof kept !== 'object' || kept === null) return {}
    return Object.fromEntries(Object.entries(kept).filter((entry): entry is [string, string] =>
      typeof entry[1] === 'string'))
  } catch {
    return {}
  }
}
