/** The audit log, with filters. */
import { useState } from 'preact/hooks'
import type { User } from '../../../client/index.ts'
import { type AuditEntry, listAuditLog } from '../../../client/moderation/index.ts'
import { Button } from '../design/button.tsx'
import { EmptyState } from '../design/empty-state.tsx'
import { Spinner } from '../design/spinner.tsx'
import { PeoplePicker } from '../people/people-picker.tsx'
import { useSession } from '../session/context.ts'
import { usePages } from '../state/pages.ts'
import { useName } from '../state/people.ts'
import { dateAndTime, fullTime, shortTime } from '../words/dates.ts'
import { words } from '../words/more.ts'
import { problemText } from '../words/problems.ts'
import { auditQuery, GROUPS, NO_FILTER, type ShownFilter } from './audit-filter.ts'

const PAGE = 50
const TIME = /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/

/** The section. */
export function AuditSection () {
  const { client } = useSession()
  const { audit } = words.value.administration
  const [filter, setFilter] = useState<ShownFilter>(NO_FILTER)
  const { items, hasMore, isLoading, problem, loadMore, reload } = usePages<AuditEntry>(
    (cursor, signal) => listAuditLog(client, { ...auditQuery(filter), limit: PAGE, cursor, signal }),
    [JSON.stringify(filter)]
  )
  return (
    <>
      <Filters filter={filter} onChange={(change) => setFilter((before) => ({ ...before, ...change }))} />
      {problem !== null
        ? (
            <EmptyState icon='warning' title={problemText(problem)}>
              <Button kind='second' onClick={reload}>{words.value.retry}</Button>
            </EmptyState>
          )
        : items === undefined
          ? <div class='centred'><Spinner /></div>
          : items.length === 0
            ? <EmptyState icon='clock' title={audit.empty} />
            : (
                <ol class='audit-list' aria-label={audit.list}>
                  {items.map((entry) => <Entry key={entry.id} entry={entry} />)}
                </ol>
              )}
      {hasMore && problem === null && (
        <Button kind='second' isBusy={isLoading} onClick={loadMore}>{words.value.reports.more}</Button>
      )}
    </>
  )
}

type FiltersProps = { filter: ShownFilter, onChange: (change: Partial<ShownFilter>) => void }

function Filters ({ filter: { group, actor, user, since, until }, onChange }: FiltersProps) {
  const { audit } = words.value.administration
  const last = (chosen: readonly User[]) => chosen.at(-1) ?? null
  return (
    <form class='setting stack' aria-label={audit.filters} onSubmit={(event) => event.preventDefault()}>
      <label class='field'>
        <span>{audit.what}</span>
        <select
          class='text-field' value={group} onChange={({ currentTarget }) => onChange({ group: currentTarget.value })}
        >
          <option value=''>{audit.everything}</option>
          {GROUPS.map((name) => <option key={name} value={name}>{audit.groups[name]}</option>)}
        </select>
      </label>
      <PeoplePicker
        label={audit.actor} chosen={actor === null ? [] : [actor]}
        onChange={(chosen) => onChange({ actor: last(chosen) })}
      />
      <PeoplePicker
        label={audit.user} chosen={user === null ? [] : [user]} onChange={(chosen) => onChange({ user: last(chosen) })}
      />
      <div class='search-days'>
        <label class='field'>
          <span>{audit.since}</span>
          <input
            type='date' value={since} max={until === '' ? undefined : until}
            onChange={({ currentTarget }) => onChange({ since: currentTarget.value })}
          />
        </label>
        <label class='field'>
          <span>{audit.until}</span>
          <input
            type='date' value={until} min={since === '' ? undefined : since}
            onChange={({ currentTarget }) => onChange({ until: currentTarget.value })}
          />
        </label>
      </div>
    </form>
  )
}

function Entry ({ entry: { at, action, actor, address, target, data } }: { entry: AuditEntry }) {
  const { audit } = words.value.administration
  const [by, to] = [useName(actor.user ?? null), useName(typeof target['user'] === 'string' ? target['user'] : null)]
  const who = [
    ...'user' in actor ? [by] : [],
    ...actor.key === undefined ? [] : [audit.key(actor.key)],
    ...actor.command === true ? [audit.command] : []
  ]
  const facts = [
    ...'user' in target ? [to] : [],
    ...Object.entries(target).filter(([name]) => name !== 'user')
      .map(([name, id]) => `${audit.targetOf(name)} ${String(id)}`),
    ...detailsOf(data)
  ]
  const label = new Map<string, string>(Object.entries(audit.actions)).get(action) ?? action
  return (
    <li class='audit-entry'>
      <span class='audit-head'>
        <span class='member-name'>{label}</span>
        <time class='quiet pin-time' dateTime={at} title={fullTime(at)}>{shortTime(at)}</time>
      </span>
      <span dir='auto'>{who.join(', ')}{address !== null && <span class='quiet'> · {address}</span>}</span>
      {facts.length > 0 && <span class='quiet audit-facts' dir='auto'>{facts.join(' · ')}</span>}
    </li>
  )
}

/** What the server says beside; a change as an arrow. */
function detailsOf ({ from, to, ...data }: Readonly<Record<string, unknown>>): string[] {
  const { audit } = words.value.administration
  const rest = Object.entries(data).filter(([, value]) => value !== null)
    .map(([name, value]) => `${audit.detailOf(name)}: ${textOf(value)}`)
  return from === undefined ? rest : [`${textOf(from)} → ${textOf(to)}`, ...rest]
}

/** Roles, statuses and times in the words of the page; all else as it is. */
function textOf (value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(', ')
  if (typeof value !== 'string') return JSON.stringify(value)
  const { details, reports } = words.value
  const known = new Map<string, string>([...Object.entries(details.roles), ...Object.entries(reports.statuses)])
  return known.get(value) ?? (TIME.test(value) ? dateAndTime(value) : value)
}
