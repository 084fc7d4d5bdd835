/**
 * Plays sounds, one at a time. What is heard belongs to no row: it goes on when its message is scrolled out of
 * view, and pauses when its chat, or the panel of its thread, is left.
 */
import { effect, type ReadonlySignal, type Signal, signal } from '@preact/signals'
import { session } from '../session/session.ts'
import { route } from '../shell/routes.ts'

/** The speeds, in their order. */
export const SPEEDS = [1, 1.5, 2] as const
/** Behind the end of every sound, in seconds. */
const BEYOND_S = 1e7

/** What is known of a sound. Times are in seconds. */
export type Sound = {
  readonly phase: 'idle' | 'loading' | 'playing'
  readonly position: number
  /** Null before it is known. */
  readonly duration: number | null
  /** Why it does not play: a `MediaError` where the browser cannot do it. Null else. */
  readonly problem: unknown
}

/** A sound, and where it is seen. */
export type Place = {
  readonly file: string
  readonly chat: string
  /** The message in whose thread it is. */
  readonly parent: number | null
}

const SILENT: Sound = { phase: 'idle', position: 0, duration: null, problem: null }

const sounds = new Map<string, Signal<Sound>>()
const chosenSpeed = signal<number>(SPEEDS[0])
/** One for all: browsers that want a click before a sound want it once for each element. */
const audio = new Audio()

let current: Place | undefined
/** Whether its link was replaced, and nothing was heard since. */
let isReplaced = false
/** Whether the end is looked for, since the file does not say how long it is. */
let isMeasuring = false

/** The speed of all sounds. */
export const speed: ReadonlySignal<number> = chosenSpeed

/** What is known of a sound. @param duration in seconds, where it is known before the sound is loaded */
export function soundOf (file: string, duration: number | null): ReadonlySignal<Sound> {
  const state = stateOf(file)
  if (duration !== null && state.peek().duration === null) state.value = { ...state.peek(), duration }
  return state
}

/** Plays a sound from where it was paused, or pauses it. */
export function toggle (place: Place): void {
  const { file } = place
  const isOn = current?.file === file && stateOf(file).peek().phase !== 'idle'
  pause()
  if (isOn) return
  for (const film of document.querySelectorAll('video')) film.pause()
  current = place
  isReplaced = false
  change({ phase: 'loading', problem: null })
  // The same link as before, as long as it is good: then the sound is still there.
  session.peek()?.files.downloadUrl(file).then((url) => begin(file, url), (problem: unknown) => fail(file, problem))
}

/** Goes to a position, in seconds. */
export function seek (file: string, position: number): void {
  const state = stateOf(file)
  state.value = { ...state.peek(), position }
  // Otherwise it begins there.
  const isLoaded = current?.file === file && audio.readyState >= HTMLMediaElement.HAVE_METADATA
  if (isLoaded && !isMeasuring) audio.currentTime = position
}

/** Takes the next speed. @returns it */
export function changeSpeed (): number {
  const index = SPEEDS.findIndex((one) => one === chosenSpeed.peek())
  const next = SPEEDS[(index + 1) % SPEEDS.length] ?? SPEEDS[0]
  chosenSpeed.value = next
  // The other one is taken by each new sound.
  audio.playbackRate = audio.defaultPlaybackRate = next
  return next
}

/** Pauses a sound, if it plays. */
export function pauseSound (file: string): void {
  if (current?.file === file) pause()
}

function stateOf (file: string): Signal<Sound> {
  let state = sounds.get(file)
  if (state === undefined) sounds.set(file, state = signal(SILENT))
  return state
}

function now (): Sound {
  return current === undefined ? SILENT : stateOf(current.file).peek()
}

function change (more: Partial<Sound>): void {
  if (current === undefined) return
  const state = stateOf(current.file)
  state.value = { ...state.peek(), ...more }
}

function pause (): void {
  audio.pause()
  change({ phase: 'idle' })
}

function fail (file: string, problem: unknown): void {
  const state = stateOf(file)
  state.value = { ...state.peek(), phase: 'idle', problem }
}

function begin (file: string, url: string): void {
  // It may have been paused, or another one chosen, while the link was asked for.
  if (current?.file !== file || now().phase !== 'loading') return
  if (audio.src !== url || audio.error !== null) audio.src = url
  play()
}

function play (): void {
  audio.play().catch((problem: unknown) => {
    // Other reasons come as the event `error`, or are a later choice of the user.
    if (problem instanceof DOMException && problem.name === 'NotAllowedError') pause()
  })
}

/** It cannot be loaded, or not further: its link may have ended, so it goes on with another one. */
function onError (): void {
  const [place, problem, files] = [current, audio.error, session.peek()?.files]
  if (place === undefined || problem === null) return
  if (isReplaced || files === undefined || problem.code === MediaError.MEDIA_ERR_DECODE) {
    fail(place.file, problem)
    return
  }
  isReplaced = true
  if (now().phase === 'idle') return
  change({ phase: 'loading' })
  files.get(place.file).then(({ url }) => {
    if (url === null) fail(place.file, problem)
    else begin(place.file, url)
  }, (reason: unknown) => fail(place.file, reason))
}

function onMetadata (): void {
  const { duration, position } = now()
  isMeasuring = audio.duration === Infinity && duration === null
  // What browsers record has no length in it: that is known once the end was looked for.
  audio.muted = isMeasuring
  if (isMeasuring) audio.currentTime = BEYOND_S
  else if (position > 0) audio.currentTime = position
}

function onDuration (): void {
  if (!Number.isFinite(audio.duration)) return
  change({ duration: audio.duration })
  if (!isMeasuring) return
  isMeasuring = false
  audio.muted = false
  audio.currentTime = now().position
}

audio.addEventListener('loadedmetadata', onMetadata)
audio.addEventListener('durationchange', onDuration)
audio.addEventListener('error', onError)
audio.addEventListener('seeked', () => {
  // The end, where the length was looked for, has paused it.
  if (now().phase === 'loading' && !isMeasuring) play()
})
audio.addEventListener('timeupdate', () => {
  if (now().phase === 'playing' && !isMeasuring) change({ position: audio.currentTime })
})
audio.addEventListener('playing', () => {
  isReplaced = false
  if (now().phase === 'loading' && !isMeasuring) change({ phase: 'playing' })
})
audio.addEventListener('waiting', () => {
  if (now().phase === 'playing') change({ phase: 'loading' })
})
audio.addEventListener('pause', () => {
  // By keys of the keyboard, or headphones.
  if (now().phase === 'playing' && audio.paused) change({ phase: 'idle' })
})
audio.addEventListener('ended', () => {
  if (audio.ended && !isMeasuring) change({ phase: 'idle', position: 0 })
})
// Of films: the events of this element are not in the document.
document.addEventListener('play', pause, true)

effect(() => {
  const { value: shown } = route
  const isThere = session.value !== null && shown.screen === 'chats' && shown.chat === current?.chat &&
    (current?.parent === null || shown.panel?.argument === String(current?.parent))
  if (!isThere) pause()
})
