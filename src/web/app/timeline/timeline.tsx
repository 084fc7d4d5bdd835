/** The messages of a chat, or of a thread: the newest at the bottom, older ones as the user scrolls up. */
import { useEffect, useMemo } from 'preact/hooks'
import type { Chat } from '../../../client/index.ts'
import { Badge } from '../design/badge.tsx'
import { EmptyState } from '../design/empty-state.tsx'
import { Icon } from '../design/icon.tsx'
import { Spinner } from '../design/spinner.tsx'
import { visited } from '../shell/routes.ts'
import { draftKey } from '../state/drafts.ts'
import { useLive } from '../state/live.ts'
import { today } from '../state/today.ts'
import { dayTitle } from '../words/dates.ts'
import { words } from '../words/index.ts'
import { problemText } from '../words/problems.ts'
import { MessageRow } from './message.tsx'
import { type Row, rowsOf } from './rows.ts'
import { useTimelineView } from './timeline-view.ts'
import type { MessageSource } from './use-source.ts'

/** Properties of {@link Timeline}. */
export type TimelineProps = {
  chat: Chat
  source: MessageSource
  label: string
  showsAuthors: boolean
  /** The seq of the first message that was unread when the chat was opened. */
  unreadSeq: number | null
  /** A message to go to. */
  target?: number | undefined
  /** The message whose thread it is. */
  parent?: number
  /** Called with the newest message that the user has seen. */
  onSeen: (seq: number) => void
  /** Called near the oldest message, by default to load older ones. */
  onNearStart?: () => void
  /** Called to show the newest messages, where these may not be among those of the source. */
  onToNewest?: () => void
}

/** The timeline. */
export function Timeline (props: TimelineProps) {
  const { chat, source, label, showsAuthors, unreadSeq, target, parent } = props
  const { items, hasOlder, hasNewer = false, isLoading, problem } = useLive(source)
  const rows = useMemo(() => rowsOf(items, unreadSeq), [items, unreadSeq])
  const isThread = parent !== undefined
  const view = useTimelineView({
    place: draftKey(chat.id, parent),
    rows,
    start: target ?? unreadSeq,
    hasOlder,
    hasNewer,
    isIdle: !isLoading && problem === null,
    loadOlder: props.onNearStart ?? (() => void source.loadOlder().catch(() => undefined)),
    loadNewer: () => void source.loadNewer?.().catch(() => undefined),
    onSeen: props.onSeen,
    onToNewest: hasNewer || source.loadNewer !== undefined ? props.onToNewest : undefined
  })
  useEffect(() => {
    if (target !== undefined) view.goTo(target)
  }, [target, visited.value, items.length > 0])
  const { timeline } = words.value
  if (items.length === 0) return <NoMessages isLoading={isLoading} problem={problem} label={label} />
  const { start, end } = view.window
  const shown = rows.slice(start, end ?? rows.length)
  return (
    <div class='timeline'>
      <div class='scroller' ref={view.scroller} role='region' tabIndex={0} aria-label={label} onScroll={view.onScroll}>
        <div class='timeline-top'>
          {start === 0 && !hasOlder && !isThread && <p class='quiet'>{timeline.beginning}</p>}
          {hasOlder && isLoading && <Spinner label={timeline.loadingOlder} />}
        </div>
        <ol class='messages' ref={view.list}>
          {shown.map((row) => (
            <RowElement key={row.key} row={row} chat={chat} showsAuthors={showsAuthors} isReply={isThread} />
          ))}
        </ol>
      </div>
      {!view.isAtEnd && (
        <button
          type='button' class='to-newest' aria-label={timeline.newest} title={timeline.newest} onClick={view.toEnd}
        >
          <Icon name='down' />
          <Badge count={view.below} />
        </button>
      )}
    </div>
  )
}

type RowProps = { row: Row, chat: Chat, showsAuthors: boolean, isReply: boolean }

/** A row. One whose message is the same is not rendered again, however often the list is. */
function RowElement ({ row, ...rest }: RowProps) {
  const message = row.kind === 'message' ? row.message : null
  const ends = row.kind === 'message' ? `${String(row.isFirst)} ${String(row.isLast)}` : ''
  const day = row.kind === 'day' ? today.value : null
  return useMemo(
    () => elementOf({ row, ...rest }), [message, ends, day, row.key, rest.chat, rest.showsAuthors, words.value]
  )
}

function elementOf ({ row, ...rest }: RowProps) {
  if (row.kind === 'day') return <li class='day-row'><span>{dayTitle(row.time)}</span></li>
  if (row.kind === 'unread') return <li class='unread-row'><span>{words.value.timeline.unreadFromHere}</span></li>
  return <MessageRow message={row.message} isFirst={row.isFirst} isLast={row.isLast} {...rest} />
}

function NoMessages ({ isLoading, problem, label }: { isLoading: boolean, problem: Error | null, label: string }) {
  const { timeline } = words.value
  if (isLoading) return <div class='centred'><Spinner /></div>
  if (problem !== null) return <EmptyState icon='warning' title={timeline.loadedLater} lead={problemText(problem)} />
  return <section class='centred' aria-label={label}><EmptyState icon='smile' title={timeline.sayHello} /></section>
}
