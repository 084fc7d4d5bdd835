/** Buttons: with a text, and with an icon alone. */
import type { ButtonHTMLAttributes, ComponentChildren } from 'preact'
import { Icon, type IconName } from './icon.tsx'

type Native = Omit<ButtonHTMLAttributes, 'class' | 'icon' | 'children'>

/** Properties of {@link Button}. */
export type ButtonProps = Native & {
  kind?: 'primary' | 'second' | 'plain' | 'danger'
  icon?: IconName
  /** Shown as working: it does nothing meanwhile. */
  isBusy?: boolean
  children: ComponentChildren
}

/** A button with a text. */
export function Button ({ kind = 'primary', icon, isBusy = false, children, onClick, ...native }: ButtonProps) {
  return (
    <button
      type='button' {...native} class={`button ${kind}`} aria-disabled={isBusy || undefined}
      onClick={isBusy ? (event) => event.preventDefault() : onClick}
    >
      {icon !== undefined && <Icon name={icon} />}
      {children}
    </button>
  )
}

/** Properties of {@link IconButton}. */
export type IconButtonProps = Native & {
  icon: IconName
  /** Its name, which also shows as its tooltip. */
  label: string
  kind?: 'plain' | 'primary'
  size?: 'm' | 's'
}

/** A round button with an icon. */
export function IconButton ({ icon, label, kind = 'plain', size = 'm', ...native }: IconButtonProps) {
  return (
    <button type='button' {...native} class={`icon-button ${kind} ${size}`} aria-label={label} title={label}>
      <Icon name={icon} />
    </button>
  )
}
