/** What of a timeline is in the document, and where the user is in it. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { sentFrom } from '../composer/sent.ts'
import { useSession } from '../session/context.ts'
import { grow, newestRows, type RowWindow, rowsAround, shift, slideDown, slideUp } from './row-window.ts'
import type { Row } from './rows.ts'
import { ScrollKeeper } from './scroll-keeper.ts'

/** So near to an end of what is in the document more is added, in pixels. */
const NEAR_PX = 600
/** More rows come in so many steps, one a frame: rendering all of them at once takes longer than a frame. */
const STEPS = 3

/** The first message in the document. */
type Anchor = { readonly key: string, readonly index: number }

/** Dependencies. */
export type TimelineViewOptions = {
  /** Where its messages are written, see `draftKey`. */
  place: string
  rows: readonly Row[]
  /** The message to begin with; else it is the newest one. */
  start: number | null
  hasOlder: boolean
  hasNewer: boolean
  /** Nothing is being loaded, and nothing could not be. */
  isIdle: boolean
  loadOlder: () => void
  loadNewer: () => void
  /** Called with the newest message that the user has seen. */
  onSeen: (seq: number) => void
  /** Called to show the newest messages where they are not among the rows. */
  onToNewest: (() => void) | undefined
}

/** The state of a timeline's view. */
export function useTimelineView (options: TimelineViewOptions) {
  const { rows, hasNewer } = options
  const scroller = useRef<HTMLDivElement>(null)
  const list = useRef<HTMLOListElement>(null)
  const keeper = useRef<ScrollKeeper | null>(null)
  const anchor = useRef<Anchor | undefined>(undefined)
  const wanted = useRef<{ key: string, isMarked: boolean } | null>(null)
  const [window, setWindow] = useState<RowWindow>(() => newestRows(rows.length))
  const { slideBy, goOn } = useSlide(rows.length, setWindow)
  const [isAtEnd, setAtEnd] = useState(true)

  const current = grow(shift(window, movedBy(rows, anchor.current)), rows.length, keeper.current?.isAtEnd ?? true)
  anchor.current = anchorOf(rows, current)
  const below = useBelow(rows, isAtEnd)

  const look = () => {
    setAtEnd((keeper.current?.isAtEnd ?? true) && current.end === null && !hasNewer)
    const seen = Number(keeper.current?.lastSeen()?.dataset['seq'] ?? NaN)
    if (document.visibilityState === 'visible' && Number.isSafeInteger(seen)) options.onSeen(seen)
  }
  useLayoutEffect(() => {
    if (current !== window) setWindow(current)
    if (scroller.current === null) return
    if (keeper.current === null) {
      keeper.current = new ScrollKeeper(scroller.current)
      const key = keyOf(rows, options.start)
      wanted.current = key === undefined ? null : { key, isMarked: false }
    }
    const { current: target } = wanted
    if (target !== null && keeper.current.toRow(target.key)) {
      if (target.isMarked) highlight(keeper.current.rowOf(target.key))
      wanted.current = null
    } else keeper.current.restore()
    look()
    if (!goOn()) fill(options.isIdle)
  })
  useEffect(() => observe([scroller.current, list.current], () => keeper.current?.restore(), look), [rows.length > 0])

  const fill = (mayLoad: boolean) => fillStart(scroller.current, {
    ...options, window: current, slideUp: () => slideBy(slideUp, current), mayLoad
  })
  const onScroll = () => {
    keeper.current?.note()
    if (!fill(true) && scroller.current !== null && nearEnds(scroller.current)[1]) {
      if (current.end !== null) slideBy(slideDown, current)
      else if (hasNewer) options.loadNewer()
    }
    look()
  }
  const goTo = (seq: number) => {
    const index = rows.findIndex((row) => row.kind === 'message' && row.message.seq === seq)
    const key = rows[index]?.key
    if (key === undefined) return
    wanted.current = { key, isMarked: true }
    setWindow(rowsAround(index, rows.length))
  }
  const toEnd = hasNewer && options.onToNewest !== undefined ? options.onToNewest : () => {
    keeper.current?.toEnd()
    setWindow(newestRows(rows.length))
  }
  useOwnMessages(options.place, toEnd)
  return { scroller, list, window: current, isAtEnd, below, onScroll, goTo, toEnd }
}

type Filling = TimelineViewOptions & { window: RowWindow, slideUp: () => void, mayLoad: boolean }

/**
 * Adds rows above where the first ones are about to be seen. Not only while the user scrolls: rows that came above what
 * is in the document cause no scrolling, and few rows leave nothing to scroll.
 * @returns whether there was something to add
 */
function fillStart (box: HTMLElement | null, { hasOlder, loadOlder, window, slideUp, mayLoad }: Filling): boolean {
  if (box === null || !nearEnds(box)[0]) return false
  if (window.start > 0) slideUp()
  else if (hasOlder && mayLoad) loadOlder()
  else return false
  return true
}

/** Slides the window: a step now, and one after each of the next renderings. */
function useSlide (count: number, setWindow: (change: RowWindow | ((known: RowWindow) => RowWindow)) => void) {
  const slide = useRef({ by: slideUp, left: 0 })
  const slideBy = (by: typeof slideUp, current: RowWindow) => {
    slide.current = { by, left: STEPS - 1 }
    setWindow(by(current, count))
  }
  const goOn = () => {
    const { by, left } = slide.current
    if (left === 0) return false
    slide.current = { by, left: left - 1 }
    requestAnimationFrame(() => setWindow((known) => by(known, count)))
    return true
  }
  return { slideBy, goOn }
}

/** Whether the beginning and the end of what is rendered are about to be seen. */
function nearEnds ({ scrollTop, scrollHeight, clientHeight }: HTMLElement): [boolean, boolean] {
  return [scrollTop < NEAR_PX, scrollHeight - scrollTop - clientHeight < NEAR_PX]
}

/** Whoever writes sees what was written. It may be acknowledged before it is rendered, so that no row says so. */
function useOwnMessages (place: string, toEnd: () => void): void {
  const { value: count } = sentFrom(place)
  const known = useRef(count)
  useEffect(() => {
    if (count !== known.current) toEnd()
    known.current = count
  }, [count])
}

/** How many messages of others have come since the user has left the end. */
function useBelow (rows: readonly Row[], isAtEnd: boolean): number {
  const { client } = useSession()
  const left = useRef<string | undefined>(undefined)
  if (isAtEnd) left.current = rows.at(-1)?.key
  if (isAtEnd) return 0
  const index = rows.findIndex(({ key }) => key === left.current)
  return index < 0
    ? 0
    : rows.slice(index + 1).filter((row) => row.kind === 'message' && row.message.author !== client.user).length
}

/** Follows the sizes of elements, and whether the page is looked at. */
function observe (elements: readonly (HTMLElement | null)[], onResize: () => void, onVisible: () => void): () => void {
  const observer = new ResizeObserver(onResize)
  for (const element of elements) if (element !== null) observer.observe(element)
  document.addEventListener('visibilitychange', onVisible)
  return () => {
    observer.disconnect()
    document.removeEventListener('visibilitychange', onVisible)
  }
}

function keyOf (rows: readonly Row[], seq: number | null): string | undefined {
  return seq === null ? undefined : rows.find((row) => row.kind === 'message' && row.message.seq === seq)?.key
}

/** By how many rows those in the document have moved, since others came or went before them. */
function movedBy (rows: readonly Row[], known: Anchor | undefined): number {
  const index = known === undefined ? -1 : rows.findIndex(({ key }) => key === known.key)
  return known === undefined || index < 0 ? 0 : index - known.index
}

function anchorOf (rows: readonly Row[], { start }: RowWindow): Anchor | undefined {
  const index = rows.findIndex(({ kind }, at) => at >= start && kind === 'message')
  const row = rows[index]
  return row === undefined ? undefined : { key: row.key, index }
}

function highlight (row: HTMLElement | undefined): void {
  row?.classList.add('is-target')
  row?.addEventListener('animationend', () => row.classList.remove('is-target'), { once: true })
}
