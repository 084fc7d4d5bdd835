/** Records what the microphone hears. */
import { chooseFormat } from './formats.ts'

/** Enough for speech: 10 minutes are less than 4 MB. */
const BITS_PER_S = 48_000
/** What was recorded comes in pieces, so that little is lost with a microphone that goes. */
const PIECE_MS = 1_000

/** What was recorded. */
export type Recorded = { readonly content: Blob, readonly durationMs: number }

/**
 * Asks for the microphone, and records from then on until `signal` is aborted, or it is stopped.
 * @throws {DOMException} `NotAllowedError` when the user or the browser refuses, `NotFoundError` without a microphone,
 * `NotReadableError` for one that cannot be used now
 */
export async function beginRecording (signal: AbortSignal): Promise<Recording> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true })
  try {
    signal.throwIfAborted()
    const recording = new Recording(stream)
    signal.addEventListener('abort', () => void recording.stop(), { once: true })
    return recording
  } catch (error) {
    letGo(stream)
    throw error
  }
}

/** A recording. It lets go of the microphone at its end, whatever ends it. */
export class Recording {
  /** What the microphone hears. */
  readonly stream: MediaStream
  /** Resolves at its end: it was stopped, or the microphone is gone. */
  readonly stopped: Promise<void>
  readonly #recorder: MediaRecorder
  readonly #pieces: Blob[] = []
  readonly #startedAt = performance.now()
  #durationMs: number | undefined

  constructor (stream: MediaStream) {
    const mimeType = chooseFormat((type) => MediaRecorder.isTypeSupported(type))
    const recorder = new MediaRecorder(stream, {
      audioBitsPerSecond: BITS_PER_S, ...(mimeType !== undefined && { mimeType })
    })
    this.stream = stream
    this.#recorder = recorder
    recorder.addEventListener('dataavailable', ({ data }) => this.#pieces.push(data))
    this.stopped = new Promise((resolve) => {
      recorder.addEventListener('stop', () => {
        this.#durationMs ??= this.elapsedMs
        letGo(stream)
        resolve()
      }, { once: true })
    })
    recorder.start(PIECE_MS)
  }

  /** How long it is. */
  get elapsedMs (): number {
    return this.#durationMs ?? performance.now() - this.#startedAt
  }

  /** Ends it, if it goes on. @returns what was recorded; without a byte if nothing was */
  async stop (): Promise<Recorded> {
    this.#durationMs ??= this.elapsedMs
    if (this.#recorder.state !== 'inactive') this.#recorder.stop()
    await this.stopped
    const content = new Blob(this.#pieces, { type: this.#recorder.mimeType })
    return { content, durationMs: Math.round(this.#durationMs) }
  }
}

function letGo (stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop()
}
