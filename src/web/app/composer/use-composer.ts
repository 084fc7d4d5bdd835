/** What the composer knows and does. */
import type { Signal } from '@preact/signals'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Chat, ListedMessage } from '../../../client/index.ts'
import { announce, showToast } from '../design/toast.tsx'
import { noteEmoji } from '../emoji/recent.ts'
import { useSession } from '../session/context.ts'
import { login } from '../session/session.ts'
import { allDrafts, draftKey, keepDraft } from '../state/drafts.ts'
import { words } from '../words/index.ts'
import { mentionsIn } from './mentions.ts'
import { type ComposerMode, modeOf, NEW } from './mode.ts'
import { editText, sendMessage } from './send.ts'
import { startedAt, type Suggestion, useSuggestions } from './suggestions.ts'
import { ofNextMessage, uploadsOf } from './uploads.ts'

/** The most characters of a message. */
export const MAX_LENGTH = 4_000
/** A text of these alone shows nothing. */
const BLANK = /^[\s\u115f\u1160\u2800\u3164\uffa0\p{Default_Ignorable_Code_Point}]*$/u

/** Dependencies. */
export type ComposerOptions = {
  chat: Chat
  parent: number | undefined
  field: { readonly current: HTMLTextAreaElement | null }
}

/** See the head of this file. */
export function useComposer ({ chat, parent, field }: ComposerOptions) {
  const key = draftKey(chat.id, parent)
  const { client } = useSession()
  const mode = modeOf(key)
  const [text, setText] = useText(key, mode)
  const [cursor, setCursor] = useState(0)
  const [chosen, setChosen] = useState(0)
  const [isDismissed, setDismissed] = useState(false)
  const started = isDismissed ? null : startedAt(text, cursor)
  const suggestions = useSuggestions(chat, started)
  const length = Array.from(text).length

  // Before the paint: what is pressed at once finds the field as it is shown.
  useLayoutEffect(() => {
    if (mode.value.kind !== 'new' || matchMedia('(hover: hover)').matches) field.current?.focus()
  }, [mode.value.kind, messageOf(mode.value)])
  useLayoutEffect(() => setChosen(0), [started?.word, started?.sign])
  const placed = useRef<number | null>(null)
  useLayoutEffect(() => {
    if (placed.current !== null) field.current?.setSelectionRange(placed.current, placed.current)
    placed.current = null
  }, [text])

  const change = (next: string, at = field.current?.selectionStart ?? next.length) => {
    setText(next)
    setCursor(at)
    setDismissed(false)
    if (mode.value.kind !== 'edit' && next !== '') chat.notifyTyping()
  }
  const replace = (from: number, to: number, added: string) => {
    placed.current = from + added.length
    change(text.slice(0, from) + added + text.slice(to), placed.current)
    field.current?.focus()
  }
  const complete = (suggestion: Suggestion) => {
    if (started === null) return
    if (suggestion.emoji !== undefined) noteEmoji(suggestion.emoji)
    if (suggestion.user !== undefined) noteMention(key, suggestion.user)
    replace(started.from, cursor, `${suggestion.text} `)
  }
  const endMode = () => {
    mode.value = NEW
  }
  const send = () => {
    if (!sendWritten({ chat, parent, key, text, length, mode: mode.value })) return
    // What was begun before an edit is still to be sent.
    if (mode.value.kind !== 'edit') keepDraft(key, '')
    endMode()
  }
  const choose = { suggestions, chosen, setChosen, complete, dismiss: () => setDismissed(true) }
  const keys = { isEmpty: text === '', mode, send, lastOwn: () => lastOwn(chat, parent, client.user) }
  const onKeyDown = (event: KeyboardEvent) => {
    if (suggestions.length === 0 || !chooseByKey(event, choose)) actByKey(event, keys)
  }
  const insert = (emoji: string) => {
    const { selectionStart = text.length, selectionEnd = text.length } = field.current ?? {}
    replace(selectionStart, selectionEnd, emoji)
  }
  const onSelect = () => setCursor(field.current?.selectionStart ?? 0)
  const shown = { key, text, length, mode: mode.value, suggestions, chosen }
  return { ...shown, change, complete, insert, endMode, send, onKeyDown, onSelect }
}

type ToSend = {
  chat: Chat
  parent: number | undefined
  key: string
  text: string
  length: number
  mode: ComposerMode
}

/** Sends what was written, or says why not. @returns whether it is on its way */
function sendWritten ({ chat, parent, key, text, length, mode }: ToSend): boolean {
  const { composer } = words.value
  const uploads = uploadsOf(key)
  const files = ofNextMessage(uploads.value)
  if (files.some(({ attachment, problem }) => attachment === null && problem === null)) {
    showToast(composer.stillSending)
    return false
  }
  const attachments = files.flatMap(({ attachment }) => attachment ?? [])
  if (BLANK.test(text) && attachments.length === 0) return false
  if (length > MAX_LENGTH) {
    announce(composer.tooMany(length - MAX_LENGTH))
    return false
  }
  if (mode.kind === 'edit') {
    editText(chat, mode.message, text)
    return true
  }
  const replyTo = mode.kind === 'reply' ? mode.message : null
  sendMessage(chat, { text, parent, replyTo, attachments, mentions: takeMentions(key, text) })
  uploads.value = uploads.value.filter((upload) => !files.includes(upload))
  return true
}

type Keys = {
  isEmpty: boolean
  mode: Signal<ComposerMode>
  send: () => void
  lastOwn: () => ListedMessage | undefined
}

/** Enter sends; Escape ends a reply, or leads back to the list; the arrow up edits the last message. */
function actByKey (event: KeyboardEvent, { isEmpty, mode, send, lastOwn }: Keys): void {
  const isNew = mode.value.kind === 'new'
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
    event.preventDefault()
    send()
  } else if (event.key === 'Escape' && !isNew) {
    event.stopPropagation()
    mode.value = NEW
  } else if (event.key === 'Escape') {
    document.querySelector<HTMLElement>('a.chat.is-open')?.focus()
  } else if (event.key === 'ArrowUp' && isEmpty && isNew) {
    const message = lastOwn()
    if (message === undefined) return
    event.preventDefault()
    mode.value = { kind: 'edit', message }
  }
}

/** The text: the draft of the place, or that of the message that is edited. */
function useText (key: string, mode: Signal<ComposerMode>): [string, (text: string) => void] {
  const { value } = mode
  return value.kind === 'edit'
    ? [value.text ?? value.message.text, (text) => {
        mode.value = { ...value, text }
      }]
    : [allDrafts.value[key] ?? '', (text) => keepDraft(key, text)]
}

function messageOf (mode: ComposerMode): ListedMessage | null {
  return mode.kind === 'new' ? null : mode.message
}

type Choosing = {
  suggestions: readonly Suggestion[]
  chosen: number
  setChosen: (index: number) => void
  complete: (suggestion: Suggestion) => void
  dismiss: () => void
}

/** Keys while there are completions. @returns whether the key was one of them */
function chooseByKey (event: KeyboardEvent, { suggestions, chosen, setChosen, complete, dismiss }: Choosing): boolean {
  const { key } = event
  const suggestion = suggestions[chosen]
  if (key === 'ArrowDown') setChosen((chosen + 1) % suggestions.length)
  else if (key === 'ArrowUp') setChosen((chosen + suggestions.length - 1) % suggestions.length)
  else if ((key === 'Enter' || key === 'Tab') && suggestion !== undefined) complete(suggestion)
  else if (key === 'Escape') dismiss()
  else return false
  event.preventDefault()
  event.stopPropagation()
  return true
}

function lastOwn (chat: Chat, parent: number | undefined, me: string | null): ListedMessage | undefined {
  const { items } = (parent === undefined ? chat.messages : chat.thread(parent)).getSnapshot()
  return items.findLast(({ author, seq, deleted_at }) => author === me && seq !== null && deleted_at === null)
}

/** Whom the user has chosen behind an `@`, by place. */
const mentioned = new Map<string, Map<string, string>>()
login.on('end', () => mentioned.clear())

function noteMention (key: string, { id, name }: { id: string, name: string }): void {
  const names = mentioned.get(key) ?? new Map<string, string>()
  mentioned.set(key, names.set(name, id))
}

function takeMentions (key: string, text: string): string[] {
  const ids = mentionsIn(text, mentioned.get(key) ?? new Map<string, string>())
  mentioned.delete(key)
  return ids
}
