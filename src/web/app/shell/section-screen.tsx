/** A screen of sections: their list beside the open one; on phones one at a time. */
import type { ComponentChildren, ComponentType } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { IconButton } from '../design/button.tsx'
import type { IconName } from '../design/icon.tsx'
import { ActionRow, RowGroup } from '../design/rows.tsx'
import { words } from '../words/index.ts'
import { goTo, type Route } from './routes.ts'

/** A section. */
export type Section = { icon: IconName, title: () => string, Shown: ComponentType }

/** Where the sections stand beside the open one, "back" leads to where one came from. */
const WIDE = '(min-width: 46.01rem)'
const NO_SECTION: Section = { icon: 'settings', title: () => '', Shown: () => null }

/** Properties of {@link SectionScreen}. */
export type SectionScreenProps = {
  title: string
  /** By the names in their addresses; the first one is shown first. */
  sections: Readonly<Record<string, Section>>
  /** The open one; on phones the list of sections without one. */
  section: string
  /** The address of a section, and that of the list for an empty name. */
  routeOf: (section: string) => Route
  /** Where the list leads back to. */
  onBack: () => void
  /** Whether the open section takes more room. */
  isWide?: boolean
  /** Shown above the sections. */
  head?: ComponentChildren
  /** Shown below the sections. */
  foot?: ComponentChildren
}

/** The screen. */
export function SectionScreen (
  { title, sections, section, routeOf, onBack, isWide = false, head, foot }: SectionScreenProps
) {
  const isChosen = Object.hasOwn(sections, section)
  const [first = ''] = Object.keys(sections)
  const shown = isChosen ? section : first
  const { title: heading, Shown } = sections[shown] ?? NO_SECTION
  const place = useRef<HTMLHeadingElement>(null)
  useLayoutEffect(() => place.current?.focus(), [section])
  return (
    <main class={`settings ${isWide ? 'is-wide' : ''}`} data-pane={isChosen ? 'section' : 'list'}>
      <div class='settings-list'>
        <header class='pane-head'>
          <span class='flips'><IconButton icon='back' label={words.value.back} onClick={onBack} /></span>
          <h1 class='pane-title cut grow' tabIndex={-1} ref={isChosen ? null : place}>{title}</h1>
        </header>
        <nav class='panel-body' aria-label={title}>
          {head}
          <RowGroup>
            {Object.entries(sections).map(([key, { icon, title }]) => (
              <ActionRow
                key={key} icon={icon} label={title()} isWay isCurrent={key === shown}
                onClick={() => goTo(routeOf(key), { isReplacing: matchMedia(WIDE).matches })}
              />
            ))}
          </RowGroup>
          {foot}
        </nav>
      </div>
      <div class='settings-section'>
        <header class='pane-head'>
          <span class='phone-only flips'>
            <IconButton icon='back' label={words.value.back} onClick={() => goTo(routeOf(''))} />
          </span>
          <h1 class='pane-title cut grow' tabIndex={-1} ref={isChosen ? place : null}>{heading()}</h1>
        </header>
        <div class='settings-body'><Shown key={shown} /></div>
      </div>
    </main>
  )
}
