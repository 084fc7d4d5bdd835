/** A long list of rows of one height: only those near the window are in the document. */
import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

const OVERSCAN = 6
const ROOT_FONT_PX = 16

/** Properties of {@link VirtualRows}. */
export type VirtualRowsProps<Item> = {
  items: readonly Item[]
  /** In `rem`, so that larger texts get larger rows. */
  rowHeight: number
  keyOf: (item: Item) => string
  label: string
  render: (item: Item, index: number) => ComponentChildren
  /** Called when the end comes near. */
  onNearEnd?: (() => void) | undefined
}

/** A virtual list. */
export function VirtualRows<Item> ({ items, rowHeight, keyOf, label, render, onNearEnd }: VirtualRowsProps<Item>) {
  const scroller = useRef<HTMLDivElement>(null)
  const [{ first, count }, setRange] = useState({ first: 0, count: 30 })
  const measure = () => {
    const box = scroller.current
    if (box === null) return
    const rowPx = rowHeight * (Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || ROOT_FONT_PX)
    const next = Math.max(0, Math.floor(box.scrollTop / rowPx) - OVERSCAN)
    const shown = Math.ceil(box.clientHeight / rowPx) + 2 * OVERSCAN
    setRange((range) => range.first === next && range.count === shown ? range : { first: next, count: shown })
    if (next + shown >= items.length) onNearEnd?.()
  }
  useEffect(() => {
    measure()
    const observer = new ResizeObserver(measure)
    if (scroller.current !== null) observer.observe(scroller.current)
    return () => observer.disconnect()
  }, [items.length])
  return (
    <div class='virtual' ref={scroller} onScroll={measure}>
      <ul aria-label={label} style={{ blockSize: `${String(items.length * rowHeight)}rem` }}>
        {items.slice(first, first + count).map((item, offset) => (
          <li
            key={keyOf(item)} aria-setsize={items.length} aria-posinset={first + offset + 1}
            style={{
              blockSize: `${String(rowHeight)}rem`, insetBlockStart: `${String((first + offset) * rowHeight)}rem`
            }}
          >
            {render(item, first + offset)}
          </li>
        ))}
      </ul>
    </div>
  )
}
