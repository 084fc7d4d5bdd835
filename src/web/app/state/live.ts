/** The live values of the client library in components, and signals made of them. */
import { type ReadonlySignal, signal } from '@preact/signals'
import { useCallback, useEffect, useReducer } from 'preact/hooks'
import type { Live } from '../../../client/index.ts'

const due = new Set<() => void>()

/** However much changes between two frames, components render once for the next one; without frames, at once. */
function atNextFrame (render: () => void): void {
  if (document.visibilityState !== 'visible') {
    render()
    return
  }
  if (due.size === 0) requestAnimationFrame(renderDue)
  due.add(render)
}

function renderDue (): void {
  const renders = [...due]
  due.clear()
  for (const render of renders) render()
}

/** The present value of a live collection; the component renders again when it changes. */
export function useLive<Value> (live: Live<Value>): Value {
  const [, act] = useReducer((count: number) => count + 1, 0)
  const render = useCallback(() => act(undefined), [])
  const value = live.getSnapshot()
  useEffect(() => {
    const stop = live.subscribe(() => atNextFrame(render))
    // It may have changed before the effect.
    if (live.getSnapshot() !== value) render()
    return () => {
      stop()
      due.delete(render)
    }
  }, [live])
  return value
}

/** A signal with the value of a live collection, which is used as long as the signal is. */
export function signalOf<Value> (live: Live<Value>): ReadonlySignal<Value> {
  let stop = (): void => undefined
  const mirror = signal(live.getSnapshot(), {
    watched: () => {
      const update = () => {
        mirror.value = live.getSnapshot()
      }
      stop = live.subscribe(update)
      update()
    },
    unwatched: () => stop()
  })
  return mirror
}
