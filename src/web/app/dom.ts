/** Elements. Text reaches the document as text, by these functions and no other way. */

/** What may be inside an element; undefined is nothing. */
export type Child = Node | string | undefined

/** Attributes by their names: true is an empty one, false and undefined are none; `click` is what a click does. */
export type Attributes = { click?: () => void } & {
  [name: string]: string | number | boolean | undefined | (() => void)
}

/** Makes an element. */
export function element<Tag extends keyof HTMLElementTagNameMap> (
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag)
  setAttributes(made, attributes)
  made.append(...children.filter((child) => child !== undefined))
  return made
}

/** Sets attributes of an element, and takes away those that are false or undefined. */
export function setAttributes (target: Element, { click, ...attributes }: Attributes): void {
  if (click !== undefined) target.addEventListener('click', click)
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) target.removeAttribute(name)
    else target.setAttribute(name, value === true ? '' : String(value))
  }
}

/** Text that only screen readers say. */
export function unseen (text: string): HTMLElement {
  return element('span', { class: 'unseen' }, text)
}

/**
 * Makes the children of an element those given, in that order. What stays where it was is not touched, so that it keeps
 * its focus, its selection and its animation.
 */
export function arrange (parent: Element, children: readonly Element[]): void {
  const wanted = new Set<Element>(children)
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove()
  children.forEach((child, index) => {
    const there = parent.children[index]
    if (there !== child) parent.insertBefore(child, there ?? null)
  })
}

/** Whether somebody uses the element, or something in it, by keyboard. */
export function hasFocus (target: Element): boolean {
  return target.contains(document.activeElement)
}
