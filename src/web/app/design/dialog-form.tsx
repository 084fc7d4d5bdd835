/** A form in a dialog. */
import type { ComponentChildren } from 'preact'
import { useSubmission } from '../state/submission.ts'
import { words } from '../words/index.ts'
import { problemText } from '../words/problems.ts'
import { Button } from './button.tsx'

/** Properties of {@link DialogForm}. */
export type DialogFormProps = {
  /** The text of the button that sends it. */
  action: string
  isDangerous?: boolean
  /** What it throws is shown. */
  onSubmit: () => Promise<void>
  onClose: () => void
  children?: ComponentChildren
}

/** The form, with a way out. */
export function DialogForm ({ action, isDangerous = false, onSubmit, onClose, children }: DialogFormProps) {
  const { isBusy, problem, onSubmit: submit } = useSubmission(onSubmit)
  return (
    <form class='stack' onSubmit={submit}>
      {children}
      {problem !== null && <p class='alert' role='alert'>{problemText(problem)}</p>}
      <div class='dialog-actions'>
        <Button kind='plain' onClick={onClose}>{words.value.cancel}</Button>
        <Button kind={isDangerous ? 'danger' : 'primary'} type='submit' isBusy={isBusy}>{action}</Button>
      </div>
    </form>
  )
}
