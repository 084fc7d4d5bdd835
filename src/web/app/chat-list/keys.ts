/** The list of chats is one stop of the Tab key; arrow keys walk in it. */

/** Moves the focus between the links of the list. */
export function moveInList (event: KeyboardEvent): void {
  const { currentTarget, target, key } = event
  if (!(currentTarget instanceof HTMLElement) || !(target instanceof HTMLElement)) return
  const links = [...currentTarget.querySelectorAll<HTMLElement>('a.chat')]
  const index = links.findIndex((link) => link === target)
  const next = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: links.length - 1 }[key]
  if (index < 0 || next === undefined) return
  event.preventDefault()
  links[Math.max(0, Math.min(next, links.length - 1))]?.focus()
}
