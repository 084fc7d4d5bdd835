/** A menu behind a button. It is a native popover: above everything, and closed by a click elsewhere or Escape. */
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { IconButtonProps } from './button.tsx'
import { Icon, type IconName } from './icon.tsx'

/** An entry of a menu. */
export type MenuEntry = { icon: IconName, label: string, isDangerous?: boolean, act: () => void }

/** A choice that needs no words: an emoji or an icon in a row above the entries. */
export type QuickChoice = { sign: string | { icon: IconName }, label: string, isOn?: boolean, act: () => void }

/** Properties of {@link Menu}. */
export type MenuProps = Pick<IconButtonProps, 'icon' | 'label' | 'size'> & {
  /** Made when the menu opens. */
  entries: () => readonly MenuEntry[]
  /** Made when the menu opens. */
  quick?: () => readonly QuickChoice[]
}

const GAP_PX = 4

/** A button that opens a menu. */
export function Menu ({ icon, label, size = 'm', entries, quick }: MenuProps) {
  const button = useRef<HTMLButtonElement>(null)
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <button
        ref={button} type='button' class={`icon-button plain ${size}`} aria-label={label} title={label}
        aria-haspopup='menu' aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}
      >
        <Icon name={icon} />
      </button>
      {isOpen && (
        <MenuList
          label={label} entries={entries()} quick={quick?.() ?? []} at={button.current?.getBoundingClientRect()}
          onClose={() => {
            setOpen(false)
            button.current?.focus()
          }}
        />
      )}
    </>
  )
}

/** Properties of {@link MenuList}. */
export type MenuListProps = {
  label: string
  entries: readonly MenuEntry[]
  quick?: readonly QuickChoice[]
  /** The menu is shown below or above this place. */
  at: DOMRect | undefined
  onClose: () => void
}

/** An open menu: for a button of its own, or for a click with the second button of a mouse. */
export function MenuList ({ label, entries, quick = [], at, onClose }: MenuListProps) {
  const list = useRef<HTMLDivElement>(null)
  const id = useId()
  useLayoutEffect(() => {
    const menu = list.current
    if (menu === null) return
    menu.showPopover()
    place(menu, at)
    menu.querySelector<HTMLElement>('[role="menuitem"]')?.focus()
  }, [at])
  const move = (event: KeyboardEvent) => {
    const items = [...list.current?.querySelectorAll<HTMLElement>('[role="menuitem"]') ?? []]
    const index = items.findIndex((item) => item === document.activeElement)
    const next = { ...arrowsAt(index), Home: 0, End: -1 }[event.key]
    if (event.key === 'Tab') onClose()
    if (next === undefined) return
    event.preventDefault()
    items.at(next % items.length)?.focus()
  }
  const choose = (act: () => void) => () => {
    onClose()
    act()
  }
  return (
    <div
      ref={list} id={id} class='menu' role='menu' aria-label={label} popover='auto' onKeyDown={move}
      onToggle={(event) => {
        if (event.newState === 'closed') onClose()
      }}
    >
      {quick.length > 0 && (
        <div class='menu-quick' role='group'>
          {quick.map(({ sign, label: name, isOn = false, act }) => (
            <button
              key={name} type='button' role='menuitem' tabIndex={-1} class={`menu-choice ${isOn ? 'is-on' : ''}`}
              aria-label={name} title={name} onClick={choose(act)}
            >
              {typeof sign === 'string' ? <span aria-hidden='true'>{sign}</span> : <Icon name={sign.icon} />}
            </button>
          ))}
        </div>
      )}
      {entries.map((entry) => (
        <button
          key={entry.label} type='button' role='menuitem' tabIndex={-1}
          class={`menu-item ${entry.isDangerous === true ? 'is-dangerous' : ''}`}
          onClick={choose(entry.act)}
        >
          <Icon name={entry.icon} />
          {entry.label}
        </button>
      ))}
    </div>
  )
}

/** Which item each arrow leads to. */
function arrowsAt (index: number): Record<string, number> {
  const [back, on] = [index - 1, index + 1]
  const isRtl = document.documentElement.dir === 'rtl'
  return { ArrowDown: on, ArrowUp: back, ArrowRight: isRtl ? back : on, ArrowLeft: isRtl ? on : back }
}

/** Puts a menu where it fits: below the place, else above it, and inside the window. */
export function place (menu: HTMLElement, at: DOMRect | undefined): void {
  if (at === undefined) return
  const { offsetWidth: width, offsetHeight: height } = menu
  const isRtl = document.documentElement.dir === 'rtl'
  const wanted = isRtl ? at.left : at.right - width
  const top = at.bottom + GAP_PX + height <= innerHeight ? at.bottom + GAP_PX : at.top - GAP_PX - height
  menu.style.left = `${String(Math.max(GAP_PX, Math.min(wanted, innerWidth - width - GAP_PX)))}px`
  menu.style.top = `${String(Math.max(GAP_PX, top))}px`
}
