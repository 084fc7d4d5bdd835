/** A field for several lines. */
import { useId } from 'preact/hooks'

/** Properties of {@link TextArea}. */
export type TextAreaProps = {
  label: string
  value: string
  hint?: string
  rows?: number
  maxLength?: number
  onInput: (value: string) => void
}

/** The field. */
export function TextArea ({ label, value, hint, rows = 3, maxLength, onInput }: TextAreaProps) {
  const id = useId()
  return (
    <div class='field'>
      <label for={id}>{label}</label>
      <textarea
        id={id} class='text-field' rows={rows} value={value} maxLength={maxLength}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onInput={({ currentTarget }) => onInput(currentTarget.value)}
      />
      {hint !== undefined && <p class='field-hint' id={`${id}-hint`}>{hint}</p>}
    </div>
  )
}
