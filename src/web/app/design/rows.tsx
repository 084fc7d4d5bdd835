/** Rows of settings and of panels: ways to go on, switches, choices. */
import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'
import { Icon, type IconName } from './icon.tsx'

/** Rows that belong together, on a card. */
export function RowGroup ({ title, children }: { title?: string, children: ComponentChildren }) {
  return (
    <section class='row-group' aria-label={title}>
      {title !== undefined && <h2 class='row-title'>{title}</h2>}
      <div class='row-card'>{children}</div>
    </section>
  )
}

/** Properties of {@link ActionRow}. */
export type ActionRowProps = {
  icon: IconName
  label: string
  /** Shown at the end, e.g. a number. */
  value?: string | undefined
  hint?: string | undefined
  isDangerous?: boolean
  /** Whether it leads to another view. */
  isWay?: boolean
  isCurrent?: boolean
  onClick: () => void
}

/** A row that does something, or leads somewhere. */
export function ActionRow (props: ActionRowProps) {
  const { icon, label, value, hint, isDangerous = false, isWay = false, isCurrent = false, onClick } = props
  return (
    <button
      type='button' class={`row is-action ${isDangerous ? 'is-dangerous' : ''} ${isCurrent ? 'is-current' : ''}`}
      aria-current={isCurrent ? 'page' : undefined} onClick={onClick}
    >
      <Icon name={icon} class='row-icon' />
      <span class='row-text'>
        <span>{label}</span>
        {hint !== undefined && <span class='row-hint'>{hint}</span>}
      </span>
      {value !== undefined && <span class='row-value'>{value}</span>}
      {isWay && <span class='row-way flips'><Icon name='forwards' class='small' /></span>}
    </button>
  )
}

/** Properties of {@link SwitchRow}. */
export type SwitchRowProps = {
  icon?: IconName
  label: string
  hint?: string
  isOn: boolean
  /** Whether the value is not known yet. */
  isDisabled?: boolean
  onChange: (isOn: boolean) => void
}

/** A row with a switch. */
export function SwitchRow ({ icon, label, hint, isOn, isDisabled = false, onChange }: SwitchRowProps) {
  const id = useId()
  return (
    <label class='row is-action'>
      {icon !== undefined && <Icon name={icon} class='row-icon' />}
      <span class='row-text'>
        <span>{label}</span>
        {hint !== undefined && <span class='row-hint' id={id}>{hint}</span>}
      </span>
      <input
        type='checkbox' role='switch' class='switch' checked={isOn} disabled={isDisabled} aria-label={label}
        aria-describedby={hint === undefined ? undefined : id}
        onChange={({ currentTarget }) => onChange(currentTarget.checked)}
      />
    </label>
  )
}

/** Properties of {@link SelectRow}. */
export type SelectRowProps<Value extends string> = {
  icon?: IconName
  label: string
  hint?: string
  value: Value
  options: readonly { value: Value, label: string, lang?: string }[]
  isDisabled?: boolean
  onChange: (value: Value) => void
}

/** A row with a choice. */
export function SelectRow<Value extends string> (
  { icon, label, hint, value, options, isDisabled = false, onChange }: SelectRowProps<Value>
) {
  const id = useId()
  return (
    <div class='row is-choice'>
      {icon !== undefined && <Icon name={icon} class='row-icon' />}
      <label class='row-text' for={id}>
        <span>{label}</span>
        {hint !== undefined && <span class='row-hint'>{hint}</span>}
      </label>
      <select
        id={id} class='row-select' value={value} disabled={isDisabled}
        onChange={({ currentTarget }) => {
          const chosen = options.find((option) => option.value === currentTarget.value)
          if (chosen !== undefined) onChange(chosen.value)
        }}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value} lang={option.lang}>{option.label}</option>
        ))}
      </select>
    </div>
  )
}
