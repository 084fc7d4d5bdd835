/** Finds elements of a page by what users know of them, as Playwright does: for drivers of other browsers. */

/** Narrows down what was found so far: first what is below it, then which of that. */
export type Step = {
  css?: string
  /** In place of a selector. */
  role?: 'button' | 'heading' | 'menuitem' | 'dialog'
  /** Its accessible name, or with `exact: false` a part of it. */
  name?: string
  exact?: boolean
  /** A text in it. */
  hasText?: string
  /** Leaves out elements around the one with the text, which may be the one that it is looked for in. */
  isInnermost?: boolean
  /** Only one of them. */
  index?: number
}

/** The source of a function that returns the elements of steps, in the page. */
export const FIND = `(steps) => {
  const ROLES = {
    button: 'button:not([role]), [role="button"]',
    heading: 'h1, h2, h3, h4, h5, h6, [role="heading"]',
    menuitem: '[role="menuitem"]',
    dialog: 'dialog, [role="dialog"]'
  }
  const squash = (text) => text.replace(/\\s+/g, ' ').trim()
  const textOf = (elements) => squash(elements.map((element) => element?.textContent ?? '').join(' '))
  const contains = (text, part) => text.toLowerCase().includes(squash(part).toLowerCase())
  const nameOf = (element) => {
    const ids = element.getAttribute('aria-labelledby')?.split(' ') ?? []
    return textOf(ids.map((id) => document.getElementById(id))) || squash(element.getAttribute('aria-label') ?? '') ||
      textOf([...element.labels ?? []]) || textOf([element])
  }
  const isWanted = (element, { name, exact, hasText, isInnermost }) => {
    if (name !== undefined && !(exact ? nameOf(element) === name : contains(nameOf(element), name))) return false
    if (hasText === undefined) return true
    return contains(textOf([element]), hasText) &&
      !(isInnermost && [...element.children].some((child) => contains(textOf([child]), hasText)))
  }
  return steps.reduce((found, step) => {
    if (step.index !== undefined) return found.slice(step.index, step.index + 1)
    const below = found.flatMap((place) => [
      ...step.isInnermost && place instanceof Element ? [place] : [],
      ...place.querySelectorAll(step.css ?? ROLES[step.role])
    ])
    return [...new Set(below)].filter((element) => isWanted(element, step))
  }, [document])
}`
