/** A place without content, and what to do about it. */
import type { ComponentChildren } from 'preact'
import { Icon, type IconName } from './icon.tsx'

/** Properties of {@link EmptyState}. */
export type EmptyStateProps = { icon: IconName, title: string, lead?: string | undefined, children?: ComponentChildren }

/** An empty state. */
export function EmptyState ({ icon, title, lead, children }: EmptyStateProps) {
  return (
    <div class='empty-state'>
      <span class='empty-icon'><Icon name={icon} /></span>
      <p class='empty-title'>{title}</p>
      {lead !== undefined && <p class='quiet'>{lead}</p>}
      {children}
    </div>
  )
}
