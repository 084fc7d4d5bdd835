/** How the page looks, as the user has chosen it in this browser. */
import { type ReadonlySignal, signal } from '@preact/signals'
import { browserTexts } from './browser-storage.ts'

const KEY = 'confab-appearance'

/** The choices, the default first. */
export const THEMES = ['system', 'light', 'dark'] as const
/** See {@link THEMES}. */
export const TEXT_SIZES = ['normal', 'small', 'large', 'huge'] as const

/** What can be chosen. */
export type Appearance = {
  readonly theme: typeof THEMES[number]
  readonly textSize: typeof TEXT_SIZES[number]
  readonly isMotionReduced: boolean
}

const DEFAULT: Appearance = { theme: 'system', textSize: 'normal', isMotionReduced: false }

const chosen = signal<Appearance>(DEFAULT)

/** What is chosen. */
export const appearance: ReadonlySignal<Appearance> = chosen

/** Shows what was chosen before. */
export function startAppearance (): void {
  show(read())
}

/** Shows a choice, and remembers it. */
export function chooseAppearance (change: Partial<Appearance>): void {
  const next = { ...chosen.value, ...change }
  show(next)
  browserTexts.setItem(KEY, JSON.stringify(next))
}

function show (next: Appearance): void {
  const { dataset } = document.documentElement
  chosen.value = next
  dataset['theme'] = next.theme
  dataset['text'] = next.textSize
  dataset['motion'] = next.isMotionReduced ? 'reduced' : 'system'
}

function read (): Appearance {
  try {
    const kept: unknown = JSON.parse(browserTexts.getItem(KEY) ?? '{}')
    if (typeof kept !== 'object' || kept === null) return DEFAULT
    const values = new Map<string, unknown>(Object.entries(kept))
    return {
      theme: THEMES.find((name) => name === values.get('theme')) ?? DEFAULT.theme,
      textSize: TEXT_SIZES.find((name) => name === values.get('textSize')) ?? DEFAULT.textSize,
      isMotionReduced: values.get('isMotionReduced') === true
    }
  } catch {
    return DEFAULT
  }
}
