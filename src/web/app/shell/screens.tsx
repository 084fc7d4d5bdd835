/** Screens that fill the page, by the names in their addresses: `#/settings/<section>` and pages for developers. */
import type { ComponentType } from 'preact'
import { lazy } from './lazy.tsx'

/** The style guide, in development. */
export const StyleGuide: ComponentType | undefined = DEVELOPMENT
  ? lazy(async () => (await import('../design/styleguide.tsx')).StyleGuide)
  : undefined

/** An invite to a chat. */
export const AcceptInvite: ComponentType<{ code: string }> =
  lazy(async () => (await import('../details/parts.ts')).AcceptInvite)

/** What operators see. */
export const Administration: ComponentType<{ section: string }> =
  lazy(async () => (await import('../administration/administration.tsx')).Administration)

/** The settings. */
export const Settings: ComponentType<{ section: string }> =
  lazy(async () => (await import('../settings/settings.tsx')).Settings)
