/** What one tab of a browser does for all of them: the one that has a Web Lock. */

/**
 * Waits for the lead, and begins.
 * @param begin returns what ends it
 * @returns gives the lead up, or the waiting for it
 */
export function whileLeading (name: string, begin: () => () => void): () => void {
  let ending: AbortController
  const wait = () => {
    const { signal } = ending = new AbortController()
    const lead = () => new Promise<void>((resolve) => {
      const end = begin()
      signal.addEventListener('abort', () => {
        end()
        resolve()
      }, { once: true })
    })
    navigator.locks.request(name, { signal }, lead).catch(() => undefined)
  }
  // WebKit 2.50 hangs where a page that holds a lock is loaded again.
  const release = () => ending.abort()
  const waitAgain = ({ persisted }: PageTransitionEvent) => {
    if (persisted) wait()
  }
  addEventListener('pagehide', release)
  addEventListener('pageshow', waitAgain)
  wait()
  return () => {
    removeEventListener('pagehide', release)
    removeEventListener('pageshow', waitAgain)
    release()
  }
}
