/**
 * Keeps what the user reads where it is, while messages come, grow or go above and below it; or keeps the newest one in
 * view if that is what the user sees. Browsers have a part of this (`overflow-anchor`), but not for the end of a list,
 * and not all of them.
 */

/** So near to the end it is the end, in pixels. */
const END_PX = 48

/** See the head of this file. Rows are the elements with `data-key`. */
export class ScrollKeeper {
  readonly #scroller: HTMLElement
  #anchor: { readonly row: HTMLElement, readonly key: string, readonly top: number } | undefined
  #isAtEnd = true
  /** Where the end was when it was shown last. */
  #end = 0

  constructor (scroller: HTMLElement) {
    this.#scroller = scroller
  }

  /** Whether the newest message is in view. */
  get isAtEnd (): boolean {
    return this.#isAtEnd
  }

  /** Notes what the user sees now: to be called after each scrolling. */
  note (): void {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller
    // A user leaves the end by scrolling up; a smaller window or a longer list only moves it, until it is restored.
    const isLeft = !this.#isAtEnd || scrollTop < this.#end
    this.#isAtEnd = !isLeft || scrollHeight - scrollTop - clientHeight <= END_PX
    this.#noteAnchor()
  }

  /** Puts the same in view again: to be called after each change of the content or of the window. */
  restore (): void {
    if (this.#isAtEnd) {
      this.#scroller.scrollTop = this.#scroller.scrollHeight
      this.#end = this.#scroller.scrollTop
      this.#noteAnchor()
      return
    }
    const anchor = this.#anchor
    const row = anchor?.row.isConnected === true ? anchor.row : this.rowOf(anchor?.key ?? '')
    if (row === undefined || anchor === undefined) {
      this.#noteAnchor()
      return
    }
    const moved = row.getBoundingClientRect().top - this.#top - anchor.top
    if (Math.abs(moved) >= 1) this.#scroller.scrollTop += moved
  }

  /** Goes to the newest message. */
  toEnd (): void {
    this.#isAtEnd = true
    this.restore()
  }

  /** Puts a row in the middle. @returns whether it is there */
  toRow (key: string): boolean {
    const row = this.rowOf(key)
    if (row === undefined) return false
    row.scrollIntoView({ block: 'center' })
    this.#isAtEnd = false
    this.note()
    return true
  }

  /** The element of a row. */
  rowOf (key: string): HTMLElement | undefined {
    return this.#scroller.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`) ?? undefined
  }

  /** The last row that is wholly in view, or above it. */
  lastSeen (): HTMLElement | undefined {
    const bottom = this.#scroller.getBoundingClientRect().bottom + 1
    const { children } = this.#list
    for (let index = firstBelow(children, bottom) - 1; index >= 0; index--) {
      const row = rowAt(children, index)
      if (row !== undefined) return row
    }
    return undefined
  }

  /** The list, whose children are rows, or stand between rows. */
  get #list (): Element {
    return this.#scroller.querySelector('.messages') ?? this.#scroller
  }

  get #top (): number {
    return this.#scroller.getBoundingClientRect().top
  }

  #noteAnchor (): void {
    const top = this.#top
    const { children } = this.#list
    let index = firstBelow(children, top)
    while (index < children.length && rowAt(children, index) === undefined) index++
    const row = rowAt(children, index)
    const key = row?.dataset['key']
    this.#anchor = row === undefined || key === undefined
      ? undefined
      : { row, key, top: row.getBoundingClientRect().top - top }
  }
}

function rowAt (elements: HTMLCollection, index: number): HTMLElement | undefined {
  const element = elements[index]
  return element instanceof HTMLElement && element.dataset['key'] !== undefined ? element : undefined
}

/** The index of the first element that ends below a line; they are in order, and asking each for its place is slow. */
function firstBelow (rows: HTMLCollection, line: number): number {
  let [low, high] = [0, rows.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((rows[middle]?.getBoundingClientRect().bottom ?? 0) > line) high = middle
    else low = middle + 1
  }
  return low
}
