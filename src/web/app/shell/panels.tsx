/**
 * The panels beside a chat, by the names in their addresses (`…/panel/<name>:<argument>`). To add one, write its
 * component and a line here; open it by `showPanel({ name })`.
 */
import type { ComponentType } from 'preact'
import { lazy } from './lazy.tsx'

/** What a panel gets: the open chat, and what its address says. */
export type PanelProps = { chatId: string, argument: string | undefined }

/** The panels. */
export const PANELS: Readonly<Record<string, ComponentType<PanelProps>>> = {
  pins: lazy(async () => (await import('../details/parts.ts')).PinsPanel),
  details: lazy(async () => (await import('../details/parts.ts')).DetailsPanel),
  members: lazy(async () => (await import('../details/parts.ts')).MembersPanel),
  invites: lazy(async () => (await import('../details/parts.ts')).InvitesPanel),
  moderation: lazy(async () => (await import('../details/parts.ts')).ModerationPanel),
  thread: lazy(async () => (await import('../threads/thread-panel.tsx')).ThreadPanel)
}
