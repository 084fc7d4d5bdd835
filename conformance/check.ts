/** A check of the contract. */
import type { World } from './world.ts'

/** One promise, and how it is tried. */
export type Check = {
  title: string
  /** It takes a token of a user, which an API key cannot replace. */
  needsToken?: true
  run: (world: World) => Promise<void>
}

/** Checks of one subject. */
export type Subject = { name: string, checks: readonly Check[] }
