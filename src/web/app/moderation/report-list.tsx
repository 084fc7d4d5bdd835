/** Reports, newest first: of a chat, or of all chats. */
import { useEffect, useState } from 'preact/hooks'
import { listReports, type Report, type ReportStatus } from '../../../client/moderation/index.ts'
import { Button } from '../design/button.tsx'
import { EmptyState } from '../design/empty-state.tsx'
import { RowGroup, SelectRow } from '../design/rows.tsx'
import { Spinner } from '../design/spinner.tsx'
import { useSession } from '../session/context.ts'
import { type Pages, usePages } from '../state/pages.ts'
import { words } from '../words/more.ts'
import { problemText } from '../words/problems.ts'
import { ReportCard } from './report-card.tsx'

const STATUSES: readonly ReportStatus[] = ['open', 'resolved', 'dismissed']
const PAGE = 20

/** The list, with a choice of which. @param chatId undefined for all chats */
export function ReportList ({ chatId }: { chatId?: string | undefined }) {
  const { client } = useSession()
  const { reports } = words.value
  const [status, setStatus] = useState<ReportStatus>('open')
  const pages = usePages<Report>((cursor, signal) => listReports(client, {
    status, limit: PAGE, cursor, signal, ...(chatId !== undefined && { chat: chatId })
  }), [chatId, status])
  const { reload } = pages
  useEffect(() => {
    // The reports show their messages as they are.
    const ends = (['message.edited', 'message.deleted'] as const).map((type) => client.on(type, ({ chat }) => {
      if (chatId === undefined || chat === chatId) reload()
    }))
    const onSeen = () => {
      if (!document.hidden) reload()
    }
    document.addEventListener('visibilitychange', onSeen)
    return () => {
      for (const end of ends) end()
      document.removeEventListener('visibilitychange', onSeen)
    }
  }, [chatId, status])
  return (
    <div class='reports'>
      <RowGroup title={reports.title}>
        <SelectRow
          label={reports.status} value={status} onChange={setStatus}
          options={STATUSES.map((value) => ({ value, label: reports.statuses[value] }))}
        />
      </RowGroup>
      <Shown pages={pages} hasChats={chatId === undefined} />
    </div>
  )
}

function Shown ({ pages, hasChats }: { pages: Pages<Report>, hasChats: boolean }) {
  const { reports, retry } = words.value
  const { items, hasMore, isLoading, problem, loadMore, reload, change } = pages
  if (problem !== null) {
    return (
      <EmptyState icon='warning' title={problemText(problem)}>
        <Button kind='second' onClick={reload}>{retry}</Button>
      </EmptyState>
    )
  }
  if (items === undefined) return <div class='centred'><Spinner /></div>
  if (items.length === 0) return <EmptyState icon='flag' title={reports.empty} lead={reports.emptyLead} />
  const replace = (report: Report, next: Report | null) =>
    change((all) => all.flatMap((one) => one.id === report.id ? next ?? [] : one))
  return (
    <>
      <ul class='report-list' aria-label={reports.shown(items.length)}>
        {items.map((report) => (
          <ReportCard key={report.id} report={report} hasChat={hasChats} replace={replace} reload={reload} />
        ))}
      </ul>
      {hasMore && <Button kind='second' isBusy={isLoading} onClick={loadMore}>{reports.more}</Button>}
    </>
  )
}
