/** Voice messages: whether one can be recorded at a place, and what becomes of it. */
import type { RefObject } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Chat } from '../../../client/index.ts'
import { showToast } from '../design/toast.tsx'
import { useSession } from '../session/context.ts'
import { canRecord } from '../voice/can-record.ts'
import type { VoiceFile } from '../voice/voice-recorder.tsx'
import { loadMoreWords, words } from '../words/index.ts'
import { modeOf, NEW } from './mode.ts'
import { sendMessage } from './send.ts'
import { addMessageFile, ofNextMessage, uploadsOf } from './uploads.ts'

/** Loads the recorder. */
export const loadRecorder = async () => (await import('../voice/voice-recorder.tsx')).VoiceRecorder

/** Dependencies. */
export type VoiceOptions = {
  chat: Chat
  parent: number | undefined
  key: string
  isEmpty: boolean
  field: RefObject<HTMLTextAreaElement | null>
}

/** See the head of this file. */
export function useVoice ({ chat, parent, key, isEmpty, field }: VoiceOptions) {
  const session = useSession()
  const [isRecording, setRecording] = useState(false)
  const button = useRef<HTMLSpanElement>(null)
  const wasRecording = useRef(false)
  const mode = modeOf(key)
  useLayoutEffect(() => {
    if (wasRecording.current && !isRecording) {
      // On phones the field would open the keyboard.
      if (matchMedia('(hover: hover)').matches) field.current?.focus()
      else button.current?.querySelector('button')?.focus()
    }
    wasRecording.current = isRecording
  }, [isRecording])
  const begin = () => {
    // Before the field is gone: without the recorder it stays.
    Promise.all([loadRecorder(), loadMoreWords()]).then(
      () => setRecording(true), () => showToast(words.value.shell.failed, { isBad: true }))
  }
  const send = ({ file, durationMs }: VoiceFile) => {
    const replyTo = mode.value.kind === 'reply' ? mode.value.message : null
    if (replyTo !== null) mode.value = NEW
    addMessageFile(session, { chat: chat.id, key }, file, (attachment) => sendMessage(chat, {
      text: '', parent, replyTo, attachments: [attachment], mentions: [], data: { voice: { duration_ms: durationMs } }
    }))
  }
  const hasNothing = isEmpty && ofNextMessage(uploadsOf(key).value).length === 0
  const isOffered = hasNothing && mode.value.kind !== 'edit' && canRecord()
  return { isOffered, isRecording, button, begin, send, end: () => setRecording(false) }
}
