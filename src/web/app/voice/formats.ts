/** In which format a voice message is recorded, and how its file is called. */

/** What this browser records, the best first: Opus where it can be had, AAC in Safari. */
const FORMATS = [
  'audio/webm;codecs=opus', 'audio/ogg;codecs=opus', 'audio/mp4;codecs=mp4a.40.2', 'audio/webm', 'audio/mp4'
] as const

const EXTENSIONS: Readonly<Record<string, string>> = { 'audio/webm': 'webm', 'audio/ogg': 'ogg', 'audio/mp4': 'm4a' }

/** The format; undefined where the browser has to choose. */
export function chooseFormat (isSupported: (type: string) => boolean): string | undefined {
  return FORMATS.find(isSupported)
}

/** The name of a file, e.g. `Voice message 2026-11-29 10.15.webm`. @param type of the content */
export function voiceFileName (title: string, type: string, at: Date): string {
  const [mediaType = ''] = type.split(';')
  const two = (number: number) => String(number).padStart(2, '0')
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-')
  return `${title} ${day} ${two(at.getHours())}.${two(at.getMinutes())}.${EXTENSIONS[mediaType] ?? 'webm'}`
}
