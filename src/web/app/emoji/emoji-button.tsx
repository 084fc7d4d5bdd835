/** A button that opens the emojis. */
import { useRef, useState } from 'preact/hooks'
import { IconButton } from '../design/button.tsx'
import { lazy } from '../shell/lazy.tsx'

const EmojiPicker = lazy(async () => (await import('./emoji-picker.tsx')).EmojiPicker)

/** Properties of {@link EmojiButton}. */
export type EmojiButtonProps = { label: string, onPick: (emoji: string) => void }

/** The button. */
export function EmojiButton ({ label, onPick }: EmojiButtonProps) {
  const place = useRef<HTMLSpanElement>(null)
  const [isOpen, setOpen] = useState(false)
  const close = () => {
    setOpen(false)
    place.current?.querySelector('button')?.focus()
  }
  return (
    <span ref={place} class='emoji-place'>
      <IconButton
        icon='smile' label={label} aria-haspopup='dialog' aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      />
      {isOpen && (
        <EmojiPicker
          label={label} at={place.current?.getBoundingClientRect()} onClose={close}
          onPick={(emoji) => {
            close()
            onPick(emoji)
          }}
        />
      )}
    </span>
  )
}
