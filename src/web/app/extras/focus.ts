/** Where the focus goes after a jump. */

/** Puts it in the message field, once what is shown has changed; on phones it would open the keyboard. */
export function focusComposer (): void {
  if (!matchMedia('(hover: hover)').matches) return
  requestAnimationFrame(() => document.querySelector<HTMLElement>('.pane-chat textarea')?.focus())
}
