/** What is loaded once for a view, and can be loaded again. */
import { useCallback, useEffect, useState } from 'preact/hooks'

/** What {@link useLoaded} returns. */
export type Loaded<Value> = {
  /** Undefined before it is loaded. */
  readonly value: Value | undefined
  /** Why it could not be loaded; null else. */
  readonly problem: unknown
  readonly reload: () => void
  /** Shows a change before the server knows it. */
  readonly set: (value: Value) => void
}

/** Loads something, and again when one of `inputs` changes. What was there stays until the next is. */
export function useLoaded<Value> (
  load: (signal: AbortSignal) => Promise<Value>, inputs: readonly unknown[] = []
): Loaded<Value> {
  const [value, set] = useState<Value | undefined>(undefined)
  const [problem, setProblem] = useState<unknown>(null)
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    const ending = new AbortController()
    load(ending.signal).then(
      (loaded) => {
        if (ending.signal.aborted) return
        set(() => loaded)
        setProblem(null)
      },
      (error: unknown) => {
        if (!ending.signal.aborted) setProblem(error)
      }
    )
    return () => ending.abort()
  }, [...inputs, turn])
  const reload = useCallback(() => {
    setProblem(null)
    setTurn((before) => before + 1)
  }, [])
  return { value, problem, reload, set: (next) => set(() => next) }
}
