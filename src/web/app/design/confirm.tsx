/** A question before something that cannot be undone, or that somebody else would notice. */
import type { ComponentChildren } from 'preact'
import { DialogForm } from './dialog-form.tsx'
import { Dialog } from './dialog.tsx'

/** Properties of {@link Confirm}. */
export type ConfirmProps = {
  title: string
  text: string
  /** The text of the button that does it. */
  action: string
  isDangerous?: boolean
  /** What it throws is shown, and the question stays. */
  onConfirm: () => Promise<void>
  onClose: () => void
  children?: ComponentChildren
}

/** The dialog. */
export function Confirm ({ title, text, action, isDangerous = true, onConfirm, onClose, children }: ConfirmProps) {
  const confirm = async () => {
    await onConfirm()
    onClose()
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <DialogForm action={action} isDangerous={isDangerous} onSubmit={confirm} onClose={onClose}>
        <p>{text}</p>
        {children}
      </DialogForm>
    </Dialog>
  )
}
