/** A dialog over the page: the native one, which keeps the focus inside and ends with Escape. */
import type { ComponentChildren } from 'preact'
import { useId, useRef } from 'preact/hooks'
import { words } from '../words/index.ts'
import { IconButton } from './button.tsx'
import { closeFromSearch } from './escape.ts'
import { useModal } from './use-modal.ts'

/** Properties of {@link Dialog}. */
export type DialogProps = {
  title: string
  onClose: () => void
  /** Fills the screen on phones. */
  isLarge?: boolean
  /** What it shows is not seen again: a click beside it, which may be a slip, does not close it. */
  isKept?: boolean
  children: ComponentChildren
}

/** A dialog, open as long as it is rendered. */
export function Dialog ({ title, onClose, isLarge = false, isKept = false, children }: DialogProps) {
  const dialog = useModal()
  const pressed = useRef<EventTarget | null>(null)
  const id = useId()
  return (
    <dialog
      ref={dialog} class={`dialog ${isLarge ? 'is-large' : ''}`} aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onKeyDown={(event) => closeFromSearch(event, onClose)}
      onPointerDown={({ target }) => {
        pressed.current = target
      }}
      onClick={({ target, currentTarget }) => {
        // Not what was begun inside, e.g. to select a text to its end.
        if (!isKept && target === currentTarget && pressed.current === currentTarget) onClose()
      }}
    >
      <div class='dialog-card'>
        <header class='dialog-head'>
          <h2 id={id}>{title}</h2>
          <IconButton icon='close' label={words.value.close} onClick={onClose} />
        </header>
        <div class='dialog-body'>{children}</div>
      </div>
    </dialog>
  )
}
