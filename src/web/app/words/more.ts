/** All texts, for parts that `lazy` and `whenIdle` load: they wait until these are there. */
import { computed, type ReadonlySignal } from '@preact/signals'
import { moreWords, words as first } from './index.ts'
import type { MoreWords, Words } from './words.ts'

/** The texts; a component that reads them renders again in another language. */
export const words: ReadonlySignal<Words & MoreWords> = computed(() => {
  const { value: more } = moreWords
  if (more === undefined) throw new Error('Texts are used in the first load that do not belong to it.')
  return { ...first.value, ...more }
})
