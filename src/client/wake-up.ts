/**
 * Notices that a page or a machine has stood still: a laptop that was closed, a tab that was frozen. A connection can
 * die meanwhile without a close, and nothing but a request shows that.
 */

/** How often the clock is looked at, in milliseconds. */
const TICK_MS = 2_000
/** A gap between two looks that no busy page explains. */
const PAUSE_MS = 6_000
/** A longer gap than browsers let the timers of a hidden page wait, which is a minute. */
const FREEZE_MS = 90_000

/** `isFrozen` when the page surely stood still, and not only may have. */
export type WakeUp = { isFrozen: boolean }

type Target = {
  addEventListener (type: string, listener: (event: { persisted?: boolean }) => void): void
  removeEventListener (type: string, listener: (event: { persisted?: boolean }) => void): void
}

// Missing where there is no page.
declare const window: Target | undefined
declare const document: (Target & { readonly visibilityState: string }) | undefined

/** Calls back after each time of standing still. @returns a function that ends it */
export function onWakeUp (listener: (wakeUp: WakeUp) => void): () => void {
  const ends = [watchClock(listener)]
  if (typeof window !== 'undefined') {
    const maybe = () => listener({ isFrozen: false })
    ends.push(
      listen(window, 'online', maybe),
      listen(window, 'focus', maybe),
      // A page that comes back from the cache of the browser's history.
      listen(window, 'pageshow', ({ persisted = false }) => listener({ isFrozen: persisted }))
    )
  }
  if (typeof document !== 'undefined') {
    const page = document
    ends.push(
      listen(page, 'resume', () => listener({ isFrozen: true })),
      listen(page, 'visibilitychange', () => {
        if (page.visibilityState === 'visible') listener({ isFrozen: false })
      })
    )
  }
  return () => {
    for (const end of ends) end()
  }
}

/** Most platforms tell a program nothing of a machine that slept, but its clock has gone on. */
function watchClock (listener: (wakeUp: WakeUp) => void): () => void {
  let lookedAt = Date.now()
  const timer = setInterval(() => {
    const gap = Date.now() - lookedAt
    lookedAt = Date.now()
    if (gap > PAUSE_MS) listener({ isFrozen: gap > FREEZE_MS })
  }, TICK_MS)
  return () => clearInterval(timer)
}

function listen (target: Target, type: string, listener: (event: { persisted?: boolean }) => void): () => void {
  target.addEventListener(type, listener)
  return () => target.removeEventListener(type, listener)
}
