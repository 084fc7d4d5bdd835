/** Creation of elements. Text enters the document only as text nodes, through these functions. */

/** Content of an element; undefined is nothing. */
export type Child = Node | string | undefined

/** Attributes by name: true is an empty one, false and undefined are none; `click` is the handler of clicks. */
export type Attributes = { click?: () => void } & {
  [name: string]: string | number | boolean | undefined | (() => void)
}

/** Creates an element. */
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

/** Sets attributes of an element, and removes those that are false or undefined. */
export function setAttributes (target: Element, { click, ...attributes }: Attributes): void {
  if (click !== undefined) target.addEventListener('click', click)
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) target.removeAttribute(name)
    else target.setAttribute(name, value === true ? '' : String(value))
  }
}

/** Text for screen readers only. */
export function unseen (text: string): HTMLElement {
  return element('span', { class: 'unseen' }, text)
}

/**
 * Replaces the children of an element. Children that keep their position are not touched, so that they keep their
 * focus, selection and animation.
 */
export function arrange (parent: Element, children: readonly Element[]): void {
  const wanted = new Set<Element>(children)
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove()
  children.forEach((child, index) => {
    const there = parent.children[index]
    if (there !== child) parent.insertBefore(child, there ?? null)
  })
}

/** Whether the element, or something in it, has the keyboard focus. */
export function hasFocus (target: Element): boolean {
  return target.contains(document.activeElement)
}
