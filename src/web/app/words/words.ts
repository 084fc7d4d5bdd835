/** What every language has: the types of the English texts, so that a missing one does not compile. */
import type { en } from './en.ts'
import type { more } from './en/more.ts'

/** The texts of the first load. */
export type Words = typeof en

/** The texts of what is loaded when it is needed. */
export type MoreWords = typeof more
