/** The parts of browsers that are used here: their types are not those of every program. */
import type { TabMessage } from './tab-messages.ts'

type LockOptions = { readonly signal?: AbortSignal, readonly steal?: boolean }

/** Web Locks. */
export type Locks = {
  request: (name: string, options: LockOptions, hold: () => Promise<void>) => Promise<void>
}

/** A channel between the tabs of an origin. */
export type Channel = {
  postMessage: (message: TabMessage) => void
  close: () => void
  onmessage: ((event: { readonly data: TabMessage }) => void) | null
}

declare const navigator: { readonly locks?: Locks } | undefined
declare const BroadcastChannel: (new (name: string) => Channel) | undefined
declare const document: { addEventListener: (type: 'freeze', listener: () => void) => void } | undefined
declare const window: { addEventListener?: (type: 'pagehide', listener: () => void) => void } | undefined

/** What sharing needs; undefined where it is missing, e.g. in pages without TLS. */
export function platform (): { locks: Locks, openChannel: (name: string) => Channel } | undefined {
  const locks = typeof navigator === 'undefined' ? undefined : navigator.locks
  if (locks === undefined || typeof document === 'undefined' || typeof BroadcastChannel === 'undefined')
    return undefined
  const Channel = BroadcastChannel
  return { locks, openChannel: (name) => new Channel(name) }
}

/** Calls `listener` before the page is frozen or left: WebKit 2.50 hangs where one that holds a lock is reloaded. */
export function onFreeze (listener: () => void): void {
  if (typeof document !== 'undefined') document.addEventListener('freeze', listener)
  if (typeof window !== 'undefined') window.addEventListener?.('pagehide', listener)
}
