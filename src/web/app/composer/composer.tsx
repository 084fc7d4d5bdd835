/** The place to write: a new message, a reply, or another text of a message. */
import { useId, useLayoutEffect, useRef } from 'preact/hooks'
import type { Chat, ChatInfo } from '../../../client/index.ts'
import { IconButton } from '../design/button.tsx'
import { EmojiButton } from '../emoji/emoji-button.tsx'
import { useSession } from '../session/context.ts'
import { lazy } from '../shell/lazy.tsx'
import { draftKey } from '../state/drafts.ts'
import { locale, words } from '../words/index.ts'
import { ModeBanner } from './mode-banner.tsx'
import { SuggestionList } from './suggestion-list.tsx'
import { UploadList } from './upload-list.tsx'
import { addFiles } from './uploads.ts'
import { MAX_LENGTH, useComposer } from './use-composer.ts'
import { loadRecorder, useVoice } from './use-voice.ts'

const VoiceRecorder = lazy(loadRecorder)

/** From so many characters on the rest is counted. */
const COUNTED_FROM = 3_500

/** Properties of {@link Composer}. */
export type ComposerProps = {
  chat: Chat
  info: ChatInfo | null
  label: string
  canWrite: boolean
  /** The message whose thread it writes in. */
  parent?: number
}

/** The composer. */
export function Composer ({ chat, info, label, canWrite, parent }: ComposerProps) {
  const { composer } = words.value
  if (info !== null && !canWrite)
    return <p class='composer-closed'>{info.frozen_at === null ? composer.readOnly : composer.frozen}</p>
  return <OpenComposer key={draftKey(chat.id, parent)} chat={chat} label={label} parent={parent} />
}

function OpenComposer ({ chat, label, parent }: { chat: Chat, label: string, parent: number | undefined }) {
  const field = useRef<HTMLTextAreaElement>(null)
  const id = useId()
  const { text, length, mode, suggestions, chosen, key, ...compose } = useComposer({ chat, parent, field })
  const { composer } = words.value
  const voice = useVoice({ chat, parent, key, isEmpty: text === '', field })
  useAutoHeight(field, text)
  const isLong = length > MAX_LENGTH
  return (
    <form
      class='composer' onSubmit={(event) => {
        event.preventDefault()
        compose.send()
      }}
    >
      <SuggestionList id={id} suggestions={suggestions} chosen={chosen} onChoose={compose.complete} />
      <ModeBanner mode={mode} onEnd={compose.endMode} />
      <UploadList chat={chat.id} place={key} />
      {voice.isRecording ? <VoiceRecorder onSend={voice.send} onEnd={voice.end} /> : (
        <div class='composer-row'>
          <AttachButton chat={chat} place={key} />
          <div class='composer-box'>
            <textarea
              ref={field} class='composer-field' rows={1} dir='auto' aria-label={label} value={text}
              placeholder={composer.placeholder} aria-invalid={isLong || undefined} enterkeyhint='send'
              aria-autocomplete='list' aria-controls={suggestions.length > 0 ? id : undefined}
              aria-activedescendant={suggestions.length > 0 ? `${id}-${String(chosen)}` : undefined}
              onKeyDown={compose.onKeyDown} onInput={({ currentTarget }) => compose.change(currentTarget.value)}
              onSelect={compose.onSelect}
            />
            <EmojiButton label={composer.emoji} onPick={compose.insert} />
          </div>
          <EndButton voice={voice} isEdit={mode.kind === 'edit'} />
        </div>
      )}
      {length >= COUNTED_FROM && <Counter length={length} />}
    </form>
  )
}

/** Records a voice message as long as there is nothing to send, else sends. */
function EndButton ({ voice, isEdit }: { voice: ReturnType<typeof useVoice>, isEdit: boolean }) {
  const { composer } = words.value
  if (voice.isOffered) {
    return (
      <span key='voice' ref={voice.button}>
        <IconButton
          kind='primary' icon='microphone' label={composer.record} onClick={({ detail }) => {
            // The second click of two was meant for the button that sends, which was here before.
            if (detail < 2) voice.begin()
          }}
        />
      </span>
    )
  }
  return (
    <span key='send' class='flips'>
      <IconButton type='submit' kind='primary' icon={isEdit ? 'check' : 'send'} label={composer.send} />
    </span>
  )
}

function AttachButton ({ chat, place }: { chat: Chat, place: string }) {
  const session = useSession()
  const input = useRef<HTMLInputElement>(null)
  const { attach } = words.value.composer
  return (
    <>
      <IconButton icon='paperclip' label={attach} onClick={() => input.current?.click()} />
      <input
        ref={input} type='file' multiple hidden aria-label={attach} onChange={({ currentTarget }) => {
          addFiles(session, { chat: chat.id, key: place }, currentTarget.files ?? [])
          // The same file may be chosen again.
          currentTarget.value = ''
        }}
      />
    </>
  )
}

function useAutoHeight (field: { current: HTMLTextAreaElement | null }, text: string): void {
  useLayoutEffect(() => {
    const box = field.current?.parentElement
    if (field.current === null || !(box instanceof HTMLElement)) return
    // To measure the field makes it smaller: the timeline would grow into that space, and lose its end.
    box.style.blockSize = `${String(box.offsetHeight)}px`
    field.current.style.blockSize = 'auto'
    field.current.style.blockSize = `${String(field.current.scrollHeight)}px`
    box.style.blockSize = ''
  }, [text])
}

function Counter ({ length }: { length: number }) {
  const { composer } = words.value
  const format = new Intl.NumberFormat(locale.value)
  return (
    <p class={`counter ${length > MAX_LENGTH ? 'is-bad' : ''}`}>
      {length > MAX_LENGTH
        ? composer.tooMany(length - MAX_LENGTH)
        : composer.length(format.format(length), format.format(MAX_LENGTH))}
    </p>
  )
}
