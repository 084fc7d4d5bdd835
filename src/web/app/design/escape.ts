/** Escape in an empty search field: WebKit takes the key for the field, so that what it is in would stay open. */

/** Handles keys in what is closed by Escape and may have a search field in it. @param onClose closes it */
export function closeFromSearch (event: KeyboardEvent, onClose: () => void): void {
  const { key, target } = event
  if (key !== 'Escape' || !(target instanceof HTMLInputElement)) return
  if (target.type !== 'search' || target.value !== '') return
  event.preventDefault()
  onClose()
}
