/** Files that are sent for the next message of a place. */
import { type Signal, signal } from '@preact/signals'
import type { Attachment } from '../../../client/index.ts'
import { login, type Session } from '../session/session.ts'

/** A file on its way. */
export type Upload = {
  readonly id: number
  readonly file: File
  /** From 0 to 1. */
  readonly progress: number
  /** What the message names, once the file is there. */
  readonly attachment: Attachment | null
  readonly problem: unknown
  /** What follows once it is there, for a file that is a message by itself; null for one of the next message. */
  readonly onSent: ((attachment: Attachment) => void) | null
  readonly ending: AbortController
}

const places = new Map<string, Signal<readonly Upload[]>>()
let lastId = 0

// Nothing of one user may be shown to another.
login.on('end', () => {
  for (const { value: uploads } of places.values()) for (const { ending } of uploads) ending.abort()
  places.clear()
})

/** The files of a place. @param key see `draftKey` */
export function uploadsOf (key: string): Signal<readonly Upload[]> {
  let uploads = places.get(key)
  if (uploads === undefined) places.set(key, uploads = signal<readonly Upload[]>([]))
  return uploads
}

/** Sends files for the next message of a place. */
export function addFiles (session: Session, { chat, key }: { chat: string, key: string }, files: Iterable<File>): void {
  for (const file of files) void send(session, chat, uploadsOf(key), { id: ++lastId, file, onSent: null })
}

/** Sends a file that is a message by itself: `onSent` is called once it is there. */
export function addMessageFile (
  session: Session, { chat, key }: { chat: string, key: string }, file: File, onSent: (attachment: Attachment) => void
): void {
  void send(session, chat, uploadsOf(key), { id: ++lastId, file, onSent })
}

/** Sends a file again that could not be sent. */
export function retryUpload (session: Session, { chat, key }: { chat: string, key: string }, upload: Upload): void {
  void send(session, chat, uploadsOf(key), upload)
}

/** The files of the next message among those of a place. */
export function ofNextMessage (uploads: readonly Upload[]): readonly Upload[] {
  return uploads.filter(({ onSent }) => onSent === null)
}

/** Takes a file out again. */
export function removeUpload ({ files }: Session, key: string, { id, ending, attachment }: Upload): void {
  const uploads = uploadsOf(key)
  uploads.value = uploads.value.filter((upload) => upload.id !== id)
  ending.abort()
  if (attachment !== null) files.remove(attachment.file).catch(() => undefined)
}

async function send (
  { files }: Session, chat: string, uploads: Signal<readonly Upload[]>,
  { id, file, onSent }: Pick<Upload, 'id' | 'file' | 'onSent'>
): Promise<void> {
  const ending = new AbortController()
  const begun = { id, file, progress: 0, attachment: null, problem: null, onSent, ending }
  uploads.value = uploads.value.some((upload) => upload.id === id)
    ? uploads.value.map((upload) => upload.id === id ? begun : upload)
    : [...uploads.value, begun]
  const change = (more: Partial<Upload>) => {
    uploads.value = uploads.value.map((upload) => upload.id === id ? { ...upload, ...more } : upload)
  }
  try {
    const attachment = await files.upload(chat, file, {
      signal: ending.signal, onProgress: ({ sent, total }) => change({ progress: total === 0 ? 1 : sent / total })
    })
    if (onSent === null) {
      change({ attachment, progress: 1 })
    } else if (!ending.signal.aborted) {
      uploads.value = uploads.value.filter((upload) => upload.id !== id)
      onSent(attachment)
    }
  } catch (problem) {
    change({ problem })
  }
}
