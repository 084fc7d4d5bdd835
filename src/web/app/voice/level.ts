/** How loud a stream is. */

const WINDOW = 512
/** Speech near a microphone has a mean of about a quarter of what is possible. */
const GAIN = 4
/** So much of it is left with the next frame: a meter that falls at once flickers. */
const FALL = 0.95

/** Calls back with each frame, with a level from 0 to 1, until the returned function is called. */
export function watchLevel (stream: MediaStream, onLevel: (level: number) => void): () => void {
  const context = new AudioContext()
  const analyser = context.createAnalyser()
  analyser.fftSize = WINDOW
  context.createMediaStreamSource(stream).connect(analyser)
  const samples = new Float32Array(WINDOW)
  let frame = 0
  let level = 0
  const look = () => {
    analyser.getFloatTimeDomainData(samples)
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / WINDOW
    level = Math.max(level * FALL, Math.min(1, Math.sqrt(power) * GAIN))
    onLevel(level)
    frame = requestAnimationFrame(look)
  }
  look()
  return () => {
    cancelAnimationFrame(frame)
    void context.close()
  }
}
