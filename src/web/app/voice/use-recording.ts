/** The recording of a voice message, as long as its component is there. */
import { useEffect, useState } from 'preact/hooks'
import { beginRecording, type Recording } from './recording.ts'

/** A longer one ends by itself, and can still be sent. */
export const LONGEST_MS = 600_000

/** What the recording is doing. */
export type RecordingState =
  | { readonly phase: 'asking' }
  | { readonly phase: 'recording' | 'stopped', readonly recording: Recording }
  | { readonly phase: 'failed', readonly problem: unknown }

/** Records at once. */
export function useRecording (): RecordingState {
  const [state, setState] = useState<RecordingState>({ phase: 'asking' })
  useEffect(() => {
    const ending = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    beginRecording(ending.signal).then((recording) => {
      setState({ phase: 'recording', recording })
      timer = setTimeout(() => void recording.stop(), LONGEST_MS)
      void recording.stopped.then(() => {
        if (!ending.signal.aborted) setState({ phase: 'stopped', recording })
      })
    }, (problem: unknown) => {
      if (!ending.signal.aborted) setState({ phase: 'failed', problem })
    })
    return () => {
      clearTimeout(timer)
      ending.abort()
    }
  }, [])
  return state
}
