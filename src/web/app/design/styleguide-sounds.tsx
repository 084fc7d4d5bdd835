/** The part of the style guide about sounds. */
import { RecorderBar } from '../voice/recorder-bar.tsx'
import { SoundControls } from '../voice/sound-controls.tsx'

const [LENGTH_S, POSITION_S] = [42, 17]
const SOUNDS = [
  { phase: 'idle', position: 0, duration: null, problem: null },
  { phase: 'idle', position: 0, duration: LENGTH_S, problem: null },
  { phase: 'playing', position: POSITION_S, duration: LENGTH_S, problem: null },
  { phase: 'loading', position: POSITION_S, duration: LENGTH_S, problem: null }
] as const
const PHASES = ['asking', 'recording', 'stopped', 'failed'] as const
const NOTHING = () => undefined

/** The player and the recorder in their states. */
export function SoundExamples () {
  return (
    <div class='guide-rows'>
      {SOUNDS.map((sound, index) => (
        <div key={index} class='sound'>
          <SoundControls
            sound={sound} speed={index === 0 ? 1 : 1.5} onToggle={NOTHING} onSeek={NOTHING} onSpeed={NOTHING}
          />
        </div>
      ))}
      {PHASES.map((phase) => (
        <RecorderBar
          key={phase} phase={phase} elapsedMs={LENGTH_S * 1_000} problem='Why it failed.'
          onCancel={NOTHING} onSend={NOTHING}
        />
      ))}
    </div>
  )
}
