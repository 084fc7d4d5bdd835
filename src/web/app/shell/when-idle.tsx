/** Parts of the page that nothing is shown of before they are loaded, and that wait until the first screen is there. */
import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { loadMoreWords } from '../words/index.ts'

/** Safari has no `requestIdleCallback`. */
const LATER_MS = 200

/** Makes a component of one that is loaded when the page is idle. */
export function whenIdle (load: () => Promise<ComponentType>): ComponentType {
  return function WhenIdle () {
    const [Shown, setShown] = useState<ComponentType | undefined>(undefined)
    useEffect(() => {
      // Without it the rest of the page still works.
      const begin = () => void Promise.all([load(), loadMoreWords()])
        .then(([component]) => setShown(() => component), () => undefined)
      if (typeof requestIdleCallback === 'function') requestIdleCallback(begin, { timeout: 2_000 })
      else setTimeout(begin, LATER_MS)
    }, [])
    return Shown === undefined ? null : <Shown />
  }
}
