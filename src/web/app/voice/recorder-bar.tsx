/** How a recording looks: the microphone's state, the length, and what can be done. */
import type { Ref } from 'preact'
import { IconButton } from '../design/button.tsx'
import { words } from '../words/more.ts'
import { clock } from './clock.ts'
import type { RecordingState } from './use-recording.ts'

/** Properties of {@link RecorderBar}. */
export type RecorderBarProps = {
  phase: RecordingState['phase']
  elapsedMs: number
  /** Why there is no recording. */
  problem?: string
  /** Its custom property `--level` is how loud it is, from 0 to 1. */
  meter?: Ref<HTMLSpanElement>
  bar?: Ref<HTMLDivElement>
  onCancel: () => void
  onSend: () => void
}

/** The bar, in the place of the message field. */
export function RecorderBar (
  { phase, elapsedMs, problem, meter = null, bar = null, onCancel, onSend }: RecorderBarProps
) {
  const { recorder } = words.value
  const isFailed = phase === 'failed'
  return (
    <div
      ref={bar} class='recorder' role='group' aria-label={recorder.title} onKeyDown={(event) => {
        if (event.key !== 'Escape') return
        event.stopPropagation()
        onCancel()
      }}
    >
      <IconButton icon={isFailed ? 'close' : 'trash'} label={recorder.cancel} onClick={onCancel} />
      <div class='recorder-box'>
        {phase === 'asking' && <p class='quiet cut'>{recorder.asking}</p>}
        {isFailed && <p class='field-problem' role='alert'>{problem}</p>}
        {(phase === 'recording' || phase === 'stopped') && (
          <>
            <span class={`recorder-light ${phase === 'recording' ? 'is-on' : ''}`} />
            <span class='recorder-length' role='timer' aria-label={recorder.elapsed}>{clock(elapsedMs / 1_000)}</span>
            {phase === 'recording'
              ? <span ref={meter} class='recorder-level' aria-hidden='true' />
              : <span class='quiet recorder-note'>{recorder.stopped}</span>}
          </>
        )}
      </div>
      {!isFailed && (
        <span class='flips'>
          <IconButton
            icon='send' kind='primary' label={recorder.send} aria-disabled={phase === 'asking' || undefined}
            onClick={onSend}
          />
        </span>
      )}
    </div>
  )
}
