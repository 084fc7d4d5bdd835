/** What operators of the installation see: its health, the reports of all chats, and the audit log. */
import { Button } from '../design/button.tsx'
import { EmptyState } from '../design/empty-state.tsx'
import { Spinner } from '../design/spinner.tsx'
import { ReportList } from '../moderation/report-list.tsx'
import { useSession } from '../session/context.ts'
import { goTo } from '../shell/routes.ts'
import { type Section, SectionScreen } from '../shell/section-screen.tsx'
import { words } from '../words/more.ts'
import { AuditSection } from './audit-section.tsx'
import { HealthSection } from './health-section.tsx'

const titles = () => words.value.administration.sections

/** The sections by the names in their addresses; the first one is shown first. */
const SECTIONS: Readonly<Record<string, Section>> = {
  health: { icon: 'server', title: () => titles().health, Shown: HealthSection },
  reports: { icon: 'flag', title: () => titles().reports, Shown: () => <ReportList /> },
  audit: { icon: 'clock', title: () => titles().audit, Shown: AuditSection }
}

/** The screen. @param section the open one; on phones the list of sections without one */
export function Administration ({ section }: { section: string }) {
  const { value: me } = useSession().me
  const { administration, problems, back } = words.value
  if (me === null) return <div class='centred'><Spinner /></div>
  if (me.operator !== true) {
    return (
      <main class='settings'>
        <h1 class='unseen'>{administration.title}</h1>
        <EmptyState icon='lock' title={problems.not_an_operator}>
          <Button kind='second' onClick={() => goTo({ screen: 'chats' })}>{back}</Button>
        </EmptyState>
      </main>
    )
  }
  return (
    <SectionScreen
      title={administration.title} sections={SECTIONS} section={section} isWide
      routeOf={(name) => ({ screen: 'administration', section: name })}
      onBack={() => goTo({ screen: 'settings', section: '' })}
    />
  )
}
