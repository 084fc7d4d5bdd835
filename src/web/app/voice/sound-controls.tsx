/** How a sound looks: play or pause, where it is, and how fast. */
import { IconButton } from '../design/button.tsx'
import { locale } from '../words/index.ts'
import { words } from '../words/more.ts'
import { clock } from './clock.ts'
import type { Sound } from './playback.ts'

/** So many steps of the arrow keys lead through a sound. */
const STEPS = 60
const SHORTEST_STEP_S = 0.1

/** Properties of {@link SoundControls}. */
export type SoundControlsProps = {
  sound: Sound
  speed: number
  onToggle: () => void
  onSeek: (position: number) => void
  onSpeed: () => void
  /** The user may be about to play it. */
  onNear?: () => void
}

/** The controls. */
export function SoundControls ({ sound, speed, onToggle, onSeek, onSpeed, onNear }: SoundControlsProps) {
  const { player } = words.value
  const { phase, position, duration } = sound
  const isOn = phase !== 'idle'
  const length = clock(Math.max(1, Math.round(duration ?? 0)))
  const spoken = duration === null ? clock(position) : player.positionOf(clock(position), length)
  const isBegun = isOn || position > 0
  // Like the tape that they come from, these controls have one direction in all languages.
  return (
    <div class='sound-controls' dir='ltr' onPointerEnter={onNear} onFocusIn={onNear}>
      <IconButton
        icon={isOn ? 'pause' : 'play'} kind='primary' label={isOn ? player.pause : player.play}
        aria-busy={phase === 'loading'} onClick={onToggle}
      />
      <input
        class={`sound-position ${phase === 'loading' ? 'is-loading' : ''}`} type='range' min={0}
        max={duration ?? 0} step={stepOf(duration ?? 0)} value={position} disabled={duration === null}
        aria-label={player.position} aria-valuetext={spoken}
        onInput={({ currentTarget }) => onSeek(Number(currentTarget.value))}
      />
      <span class='sound-time' aria-hidden='true'>
        {duration === null && !isBegun ? '–:––' : isBegun || duration === null ? clock(position) : length}
      </span>
      <button type='button' class='sound-speed' aria-label={player.speed(speedText(speed))} onClick={onSpeed}>
        {speedText(speed)}
      </button>
    </div>
  )
}

/** A speed, e.g. `1.5×`. */
export function speedText (speed: number): string {
  return `${new Intl.NumberFormat(locale.value).format(speed)}×`
}

function stepOf (duration: number): number {
  return Math.max(SHORTEST_STEP_S, Math.round(duration / STEPS / SHORTEST_STEP_S) * SHORTEST_STEP_S)
}
