/**
 * Detects that a page or a machine was suspended: a closed laptop, a frozen tab. A connection can die meanwhile without
 * a close, which only a request reveals.
 */

/** Interval at which the clock is checked, in milliseconds. */
const TICK_MS = 2_000
/** A gap between two checks that no busy page explains. */
const PAUSE_MS = 6_000
/** Longer than browsers delay the timers of a hidden page, which is one minute. */
const FREEZE_MS = 90_000

/** `isFrozen` when the page was certainly suspended, and not only possibly. */
export type WakeUp = { isFrozen: boolean }

type Target = {
  addEventListener (type: string, listener: (event: { persisted?: boolean }) => void): void
  removeEventListener (type: string, listener: (event: { persisted?: boolean }) => void): void
}

// Missing where there is no page.
declare const window: Partial<Target> | undefined
declare const document: (Target & { readonly visibilityState: string }) | undefined

/** Calls `listener` after each suspension. @returns a function that stops that */
export function onWakeUp (listener: (wakeUp: WakeUp) => void): () => void {
  const ends = [watchClock(listener)]
  // React Native has a window, too, but no events of it.
  if (typeof window !== 'undefined' && isTarget(window)) {
    const maybe = () => listener({ isFrozen: false })
    ends.push(
      listen(window, 'online', maybe),
      listen(window, 'focus', maybe),
      // A page that was restored from the browser's back/forward cache.
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

/** Most platforms do not notify a program that the machine slept, but its clock has advanced. */
function watchClock (listener: (wakeUp: WakeUp) => void): () => void {
  let lookedAt = Date.now()
  const timer = setInterval(() => {
    const gap = Date.now() - lookedAt
    lookedAt = Date.now()
    if (gap > PAUSE_MS) listener({ isFrozen: gap > FREEZE_MS })
  }, TICK_MS)
  return () => clearInterval(timer)
}

function isTarget (object: Partial<Target>): object is Target {
  return typeof object.addEventListener === 'function'
}

function listen (target: Target, type: string, listener: (event: { persisted?: boolean }) => void): () => void {
  target.addEventListener(type, listener)
  return () => target.removeEventListener(type, listener)
}
