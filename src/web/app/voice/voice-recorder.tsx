/** Records a voice message. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { announce, showToast } from '../design/toast.tsx'
import { appearance } from '../state/appearance.ts'
import { words } from '../words/more.ts'
import { voiceFileName } from './formats.ts'
import { watchLevel } from './level.ts'
import { RecorderBar } from './recorder-bar.tsx'
import { type RecordingState, useRecording } from './use-recording.ts'

const TICK_MS = 250
/** A shorter recording was begun by mistake: it is dropped without a word. */
const WORTH_A_WORD_MS = 1_000

/** A voice message that can be sent. */
export type VoiceFile = { readonly file: File, readonly durationMs: number }

/** Properties of {@link VoiceRecorder}. */
export type VoiceRecorderProps = {
  onSend: (voice: VoiceFile) => void
  /** It is over, and nothing is to be seen of it any more. */
  onEnd: () => void
}

/** The recorder. It begins at once, and its end, also by leaving the chat or the page, lets go of the microphone. */
export function VoiceRecorder ({ onSend, onEnd }: VoiceRecorderProps) {
  const state = useRecording()
  const elapsedMs = useElapsed(state)
  const meter = useMeter(state)
  const bar = useFocus(state)
  const isDecided = useRef(false)
  const { recorder } = words.value
  const cancel = () => {
    isDecided.current = true
    announce(recorder.cancelled)
    onEnd()
  }
  const send = async () => {
    if (!('recording' in state) || isDecided.current) return
    isDecided.current = true
    const { content, durationMs } = await state.recording.stop()
    if (content.size === 0) {
      showToast(recorder.failed, { isBad: true })
    } else {
      const name = voiceFileName(words.value.chats.voice, content.type, new Date())
      onSend({ file: new File([content], name, { type: content.type }), durationMs })
    }
    onEnd()
  }
  useEffect(() => {
    if (state.phase === 'recording') announce(recorder.recording)
    if (state.phase === 'stopped' && !isDecided.current) announce(recorder.stopped)
  }, [state.phase])
  const current = useRef(state)
  current.current = state
  useEffect(() => {
    addEventListener('pagehide', onEnd)
    return () => {
      removeEventListener('pagehide', onEnd)
      const { current: last } = current
      if (!isDecided.current && 'recording' in last && last.recording.elapsedMs > WORTH_A_WORD_MS)
        showToast(words.value.recorder.leftBehind)
    }
  }, [])
  return (
    <RecorderBar
      phase={state.phase} elapsedMs={elapsedMs} meter={meter} bar={bar} onCancel={cancel} onSend={() => void send()}
      {...(state.phase === 'failed' && { problem: problemOf(state.problem) })}
    />
  )
}

/** The focus is where the next key is needed: Enter sends, or closes what has failed. */
function useFocus ({ phase }: RecordingState) {
  const bar = useRef<HTMLDivElement>(null)
  const isFailed = phase === 'failed'
  useLayoutEffect(() => {
    bar.current?.querySelector<HTMLElement>(isFailed ? 'button' : '.primary')?.focus()
  }, [isFailed])
  return bar
}

function useElapsed (state: RecordingState): number {
  const [elapsedMs, setElapsed] = useState(0)
  useEffect(() => {
    if (!('recording' in state)) return
    const update = () => setElapsed(state.recording.elapsedMs)
    update()
    if (state.phase === 'stopped') return
    const timer = setInterval(update, TICK_MS)
    return () => clearInterval(timer)
  }, [state])
  return elapsedMs
}

/** How loud it is, unless motion is unwanted. */
function useMeter (state: RecordingState) {
  const meter = useRef<HTMLSpanElement>(null)
  useEffect(() => {
    const isStill = appearance.value.isMotionReduced || matchMedia('(prefers-reduced-motion: reduce)').matches
    if (state.phase !== 'recording' || isStill) return
    return watchLevel(state.recording.stream, (level) => meter.current?.style.setProperty('--level', level.toFixed(2)))
  }, [state])
  return meter
}

function problemOf (problem: unknown): string {
  const { recorder } = words.value
  const name = problem instanceof DOMException ? problem.name : ''
  if (name === 'NotAllowedError' || name === 'SecurityError') return recorder.refused
  if (name === 'NotFoundError') return recorder.noMicrophone
  return name === 'NotReadableError' || name === 'AbortError' ? recorder.notReadable : recorder.failed
}
