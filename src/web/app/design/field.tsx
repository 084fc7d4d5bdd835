/** A field of a form with its label, its hint and what is wrong with it. */
import { h, type TargetedEvent, type TargetedInputEvent } from 'preact'
import { useId } from 'preact/hooks'

/** Properties of {@link Field}. */
export type FieldProps = {
  label: string
  name?: string
  type?: 'text' | 'email' | 'password' | 'search' | 'time'
  value?: string
  placeholder?: string
  required?: boolean
  minlength?: number
  maxlength?: number
  pattern?: string
  autocomplete?: string
  autocapitalize?: 'none' | 'sentences'
  spellcheck?: boolean
  inputmode?: 'text' | 'numeric'
  autoFocus?: boolean
  onInput?: (event: TargetedInputEvent<HTMLInputElement>) => void
  onChange?: (event: TargetedEvent<HTMLInputElement>) => void
  hint?: string
  problem?: string | null
}

/** A field. */
export function Field ({ label, hint, problem = null, type = 'text', ...native }: FieldProps) {
  const id = useId()
  const described = [hint === undefined ? '' : `${id}-hint`, problem === null ? '' : `${id}-problem`].join(' ').trim()
  return (
    <div class='field'>
      <label for={id}>{label}</label>
      {/* The types of JSX know what each type of input may have, and nothing of one that is a variable. */}
      {h('input', {
        ...native,
        type,
        id,
        'aria-describedby': described === '' ? undefined : described,
        'aria-invalid': problem === null ? undefined : 'true'
      })}
      {hint !== undefined && <p class='field-hint' id={`${id}-hint`}>{hint}</p>}
      {problem !== null && <p class='field-problem' role='alert' id={`${id}-problem`}>{problem}</p>}
    </div>
  )
}
