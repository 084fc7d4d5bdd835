/** A modal dialog. The browser keeps the focus in it, closes it on Escape and restores the focus. */
import { type Child, element } from '../dom.ts'
import { icon } from '../icons.ts'

/** Opens a dialog, which is removed from the document when it is closed. */
export function openDialog (title: string, ...content: Child[]): HTMLDialogElement {
  const dialog: HTMLDialogElement = element(
    'dialog',
    { class: 'dialog', 'aria-labelledby': 'dialog-title' },
    element(
      'div',
      { class: 'dialog-head' },
      element('h2', { id: 'dialog-title' }, title),
      element(
        'button',
        { class: 'round', type: 'button', 'aria-label': 'Close', click: () => dialog.close() },
        icon('close')
      )
    ),
    ...content
  )
  dialog.addEventListener('close', () => dialog.remove())
  // A click on the backdrop has the dialog itself as its target, since the content fills the dialog.
  dialog.addEventListener('click', ({ target }) => {
    if (target === dialog) dialog.close()
  })
  document.body.append(dialog)
  dialog.showModal()
  return dialog
}

/** Asks for a confirmation. */
export function confirmDialog ({
  title,
  text,
  action,
  onConfirm
}: {
  title: string
  text: string
  action: string
  onConfirm: () => Promise<void>
}): void {
  const problem = element('p', { class: 'alert', role: 'alert', hidden: true }, 'That did not work. Please try again.')
  const act = () => {
    onConfirm().then(
      () => dialog.close(),
      () => {
        problem.hidden = false
      }
    )
  }
  const dialog: HTMLDialogElement = openDialog(
    title,
    element('p', {}, text),
    problem,
    element(
      'div',
      { class: 'dialog-actions' },
      element('button', { class: 'button second', type: 'button', click: () => dialog.close() }, 'Cancel'),
      element('button', { class: 'button danger', type: 'button', click: act }, action)
    )
  )
}
