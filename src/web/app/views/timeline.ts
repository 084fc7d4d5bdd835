/**
 * The messages of a chat in a scrolling box: at the end it stays at the end, and it keeps its position when older
 * messages are inserted.
 */
import type { ConversationState } from '../conversation.ts'
import { dayOf } from '../dates.ts'
import { arrange, element } from '../dom.ts'
import { icon } from '../icons.ts'
import { type Line, timelineOf } from '../timeline.ts'
import { type SaidActions, messageBubble } from './message-bubble.ts'

/**
 * Distance from the end that counts as the end, and from the beginning at which older messages are loaded, in pixels.
 */
const AT_END_PX = 60
const NEAR_START_PX = 700

/** `seq` is that of a message; undefined for other lines. */
type Row = { view: HTMLElement, shown: string, seq: number | undefined }

/** Options of the box. */
export type TimelineOptions = {
  otherName: string
  me: { userID: number, username: string }
  actions: SaidActions
  onNearStart: () => void
  /** Called with what is in view when that changes: the seq of the last message, and whether the box is at its end. */
  onView: (seq: number, isAtEnd: boolean) => void
}

/** The box. */
export class TimelineView {
  readonly view: HTMLElement
  readonly #options: TimelineOptions
  readonly #scroller: HTMLElement
  readonly #list = element('ol', { class: 'timeline', role: 'list' })
  readonly #start = element('div', { class: 'start' })
  readonly #toEnd: HTMLElement
  readonly #rows = new Map<string, Row>()
  #isStarted = false
  /** Whether new lines are scrolled to. It changes by scrolling only, not by a line or a box that grows. */
  #isFollowing = true
  #scrolledTo = 0
  #lastKey: string | undefined

  constructor (options: TimelineOptions) {
    this.#options = options
    this.#scroller = element(
      'div',
      { class: 'scroller', tabindex: 0, role: 'region', 'aria-label': `Messages with ${options.otherName}` },
      this.#start,
      this.#list
    )
    this.#toEnd = element(
      'button',
      { class: 'to-end', type: 'button', hidden: true, click: () => this.#scrollToEnd('smooth') },
      icon('down'),
      element('span', {}, 'Newest')
    )
    this.view = element('div', { class: 'timeline-box' }, this.#scroller, this.#toEnd)
    this.#scroller.addEventListener('scroll', () => this.#noteScroll(), { passive: true })
    // The box shrinks when the composer grows, and when an on-screen keyboard opens.
    new ResizeObserver(() => {
      if (this.#isFollowing) this.#scrollToEnd()
      this.#noteView()
    }).observe(this.#scroller)
  }

  /** Shows a state. */
  show (state: ConversationState): void {
    const lines = timelineOf(state, this.#options.me)
    const anchor = this.#anchor()
    this.#showStart(state)
    arrange(
      this.#list,
      lines.map((line) => this.#row(line))
    )
    this.#forget(lines)
    const last = lines.at(-1)
    const isOwnNew = last?.kind === 'said' && last.post !== undefined && last.key !== this.#lastKey
    this.#lastKey = last?.key
    if (!this.#isStarted) this.#begin(state)
    else if (this.#isFollowing || isOwnNew) this.#scrollToEnd()
    else this.#keep(anchor)
    this.#noteScroll()
  }

  /** The position when a chat is opened: at the first unread message, or else at the end. */
  #begin (state: ConversationState): void {
    if (state.status !== 'ready') return
    this.#isStarted = true
    const mark = this.#rows.get('new')?.view
    this.#scrollToEnd()
    if (mark !== undefined && mark.offsetTop < this.#scroller.scrollTop) {
      this.#scroller.scrollTop = mark.offsetTop - AT_END_PX
      this.#isFollowing = this.#isAtEnd
    }
    // Lines that exist now did not just arrive.
    requestAnimationFrame(() => this.#list.classList.add('alive'))
  }

  get #isAtEnd (): boolean {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller
    return scrollHeight - scrollTop - clientHeight < AT_END_PX
  }

  #scrollToEnd (behavior: 'instant' | 'smooth' = 'instant'): void {
    const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches
    this.#scroller.scrollTo({ top: this.#scroller.scrollHeight, behavior: isCalm ? 'instant' : behavior })
    this.#isFollowing = true
  }

  /** The first visible line, and its position. */
  #anchor (): { key: string, top: number } | undefined {
    const edge = this.#scroller.scrollTop
    for (const [key, { view }] of this.#rows)
      if (view.offsetTop + view.offsetHeight > edge && key !== 'new' && !key.startsWith('day'))
        return { key, top: view.offsetTop }
    return undefined
  }

  #keep (anchor: { key: string, top: number } | undefined): void {
    const view = anchor === undefined ? undefined : this.#rows.get(anchor.key)?.view
    if (view !== undefined && anchor !== undefined) this.#scroller.scrollTop += view.offsetTop - anchor.top
  }

  #noteScroll (): void {
    const { scrollTop } = this.#scroller
    if (this.#isAtEnd) this.#isFollowing = true
    else if (scrollTop < this.#scrolledTo) this.#isFollowing = false
    this.#scrolledTo = scrollTop
    this.#toEnd.hidden = this.#isAtEnd
    this.#noteView()
    if (this.#isStarted && scrollTop < NEAR_START_PX) this.#options.onNearStart()
  }

  #noteView (): void {
    if (this.#isStarted) this.#options.onView(this.#lastSeqInView, this.#isAtEnd)
  }

  /** A message is in view with its end, or when it fills the box. */
  get #lastSeqInView (): number {
    const { scrollTop, clientHeight } = this.#scroller
    let last = 0
    for (const { view, seq } of this.#rows.values()) {
      const { offsetTop: top, offsetHeight: height } = view
      if (top + Math.min(height, clientHeight) > scrollTop + clientHeight) break
      last = seq ?? last
    }
    return last
  }

  #showStart ({ status, older, messages }: ConversationState): void {
    const isEmpty = status === 'ready' && messages.length === 0
    const content =
      status === 'loading' || older === 'loading'
        ? [element('p', { class: 'quiet' }, 'Loading messages…')]
        : older === 'failed'
          ? [
              element('p', { class: 'quiet' }, 'Older messages could not be loaded.'),
              element(
                'button',
                { class: 'link', type: 'button', click: () => this.#options.onNearStart() },
                'Try again'
              )
            ]
          : older === 'none' && status === 'ready'
            ? [
                element(
                  'p',
                  { class: 'quiet' },
                  isEmpty
                    ? `This is the beginning of your chat with ${this.#options.otherName}. Say hello!`
                    : `This is the beginning of your chat with ${this.#options.otherName}.`
                )
              ]
            : []
    if (this.#start.textContent !== content.map(({ textContent }) => textContent).join(''))
      this.#start.replaceChildren(...content)
  }

  #row (line: Line): HTMLElement {
    const shown = JSON.stringify(line)
    const known = this.#rows.get(line.key)
    if (known?.shown === shown) return known.view
    const view = this.#make(line)
    // A changed form of an existing line did not just arrive.
    if (known !== undefined) view.classList.add('settled')
    this.#rows.set(line.key, { view, shown, seq: line.kind === 'said' ? line.seq : undefined })
    return view
  }

  #make (line: Line): HTMLElement {
    if (line.kind === 'day') return element('li', { class: 'rule' }, element('span', {}, dayOf(line.day)))
    if (line.kind === 'new') return element('li', { class: 'rule new' }, element('span', {}, 'New'))
    return messageBubble(line, this.#options.otherName, this.#options.actions)
  }

  /** Rows are kept in the order of the lines, so that the first visible one is found by iteration. */
  #forget (lines: readonly Line[]): void {
    const rows = lines.flatMap(({ key }): [string, Row][] => {
      const row = this.#rows.get(key)
      return row === undefined ? [] : [[key, row]]
    })
    this.#rows.clear()
    for (const [key, row] of rows) this.#rows.set(key, row)
  }
}
