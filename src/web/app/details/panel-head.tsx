/** The head of a panel: a way back to the details, its title, and its end. */
import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { IconButton } from '../design/button.tsx'
import { showPanel } from '../shell/routes.ts'
import { words } from '../words/index.ts'

/** Properties of {@link PanelHead}. */
export type PanelHeadProps = {
  title: string
  /** Whether it belongs to the details. */
  isPart?: boolean
  children?: ComponentChildren
}

/** The head. It has the focus when the panel opens. */
export function PanelHead ({ title, isPart = false, children }: PanelHeadProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  useLayoutEffect(() => heading.current?.focus(), [])
  const { back, close } = words.value
  return (
    <header class='pane-head'>
      {isPart && (
        <span class='flips'>
          <IconButton icon='back' label={back} onClick={() => showPanel({ name: 'details' })} />
        </span>
      )}
      <h1 class='pane-title grow cut' ref={heading} tabIndex={-1}>{title}</h1>
      {children}
      <IconButton icon='close' label={close} onClick={() => showPanel(undefined)} />
    </header>
  )
}
