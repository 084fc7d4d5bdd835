/** How the installation is, read again every few seconds as long as somebody looks. */
import { useEffect, useState } from 'preact/hooks'
import { type Health, type JobHealth, readHealth, type ReplicaHealth } from '../../../client/moderation/index.ts'
import { Button } from '../design/button.tsx'
import { EmptyState } from '../design/empty-state.tsx'
import { Spinner } from '../design/spinner.tsx'
import { useSession } from '../session/context.ts'
import { fileSize, relativeTime, timeOfDay } from '../words/dates.ts'
import { locale } from '../words/index.ts'
import { words } from '../words/more.ts'
import { problemText } from '../words/problems.ts'

const INTERVAL_MS = 5_000
/** A disk with less room is shown as a problem. */
const FULL_SHARE = 0.1
/** A job that waits for longer is shown as a problem, in seconds. */
const LATE_S = 60

/** The section. */
export function HealthSection () {
  const { health } = words.value.administration
  const { value, problem, refresh } = useHealth()
  if (value === null) {
    if (problem === null) return <div class='centred'><Spinner /></div>
    return (
      <EmptyState icon='warning' title={problemText(problem)}>
        <Button kind='second' onClick={refresh}>{words.value.retry}</Button>
      </EmptyState>
    )
  }
  return (
    <>
      {problem !== null && <p class='alert' role='alert'>{health.outdated(problemText(problem))}</p>}
      <Tiles health={value} />
      <Replicas replicas={value.replicas} />
      <Jobs jobs={value.jobs} />
      <p class='quiet'>{health.at(timeOfDay(value.at))}</p>
    </>
  )
}

function useHealth (): { value: Health | null, problem: unknown, refresh: () => void } {
  const { client } = useSession()
  const [value, setValue] = useState<Health | null>(null)
  const [problem, setProblem] = useState<unknown>(null)
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    const ending = new AbortController()
    const read = () => {
      if (document.hidden) return
      readHealth(client, { signal: ending.signal }).then((read) => {
        setValue(read)
        setProblem(null)
      }, (error: unknown) => {
        if (!ending.signal.aborted) setProblem(error)
      })
    }
    read()
    const timer = setInterval(read, INTERVAL_MS)
    document.addEventListener('visibilitychange', read)
    return () => {
      ending.abort()
      clearInterval(timer)
      document.removeEventListener('visibilitychange', read)
    }
  }, [turn])
  return { value, problem, refresh: () => setTurn((before) => before + 1) }
}

const numberOf = (value: number, digits = 0) =>
  new Intl.NumberFormat(locale.value, { maximumFractionDigits: digits }).format(value)

function Tiles ({ health }: { health: Health }) {
  const { health: texts } = words.value.administration
  const { replicas, connections, messages_per_minute: rate, postgres, redis, files, open_reports: reports } = health
  return (
    <dl class='tiles' aria-label={texts.overview}>
      <Tile name={texts.replicas} value={numberOf(replicas.length)} isBad={replicas.length === 0} />
      <Tile name={texts.connections} value={numberOf(connections)} />
      <Tile name={texts.rate} value={numberOf(rate)} />
      <Tile
        name={texts.postgres(postgres.version)} value={texts.milliseconds(numberOf(postgres.latency_ms, 1))}
        hint={fileSize(postgres.size_bytes)}
      />
      <Tile
        name={texts.redis} isBad={redis?.status === 'down'}
        value={redis === null ? texts.none : redis.status === 'up' ? texts.up : texts.down}
      />
      <Tile name={texts.files} value={numberOf(files.count)} hint={fileSize(files.size_bytes)} />
      <Tile name={texts.reports} value={numberOf(reports)} />
    </dl>
  )
}

type TileProps = { name: string, value: string, hint?: string, isBad?: boolean }

function Tile ({ name, value, hint, isBad = false }: TileProps) {
  return (
    <div class={`tile ${isBad ? 'is-bad' : ''}`}>
      <dt>{name}</dt>
      <dd><span class='tile-value'>{value}</span>{hint !== undefined && <span class='quiet'>{hint}</span>}</dd>
    </div>
  )
}

function Replicas ({ replicas }: { replicas: readonly ReplicaHealth[] }) {
  const { health } = words.value.administration
  return (
    <div class='table-card' tabIndex={0} role='region' aria-label={health.replicas}>
      <table>
        <caption>{health.replicas}</caption>
        <thead>
          <tr>
            {[
              health.replica, health.version, health.since, health.connections, health.rate, health.bus, health.memory,
              health.disk
            ].map((name) => <th key={name} scope='col'>{name}</th>)}
          </tr>
        </thead>
        <tbody>{replicas.map((replica) => <Replica key={replica.id} replica={replica} />)}</tbody>
      </table>
    </div>
  )
}

function Replica ({ replica }: { replica: ReplicaHealth }) {
  const { health } = words.value.administration
  const { id, version, started_at: start, connections, messages_per_minute: rate, bus, memory_bytes: memory } = replica
  const { disk } = replica
  const isFull = disk !== null && disk.free_bytes < disk.total_bytes * FULL_SHARE
  return (
    <tr>
      <th scope='row'><code>{id}</code></th>
      <td>{version}</td>
      <td>{relativeTime(start)}</td>
      <td class='number'>{numberOf(connections)}</td>
      <td class='number'>{numberOf(rate)}</td>
      <td class={bus === 'down' ? 'is-bad' : ''}>{bus === 'up' ? health.up : health.down}</td>
      <td class='number'>{fileSize(memory)}</td>
      <td class={`number ${isFull ? 'is-bad' : ''}`}>
        {disk === null ? '–' : health.free(fileSize(disk.free_bytes), fileSize(disk.total_bytes))}
      </td>
    </tr>
  )
}

function Jobs ({ jobs }: { jobs: readonly JobHealth[] }) {
  const { health } = words.value.administration
  if (jobs.length === 0) return <p class='quiet'>{health.noJobs}</p>
  return (
    <div class='table-card' tabIndex={0} role='region' aria-label={health.jobs}>
      <table>
        <caption>{health.jobs}</caption>
        <thead>
          <tr>
            {[health.kind, health.waiting, health.oldest, health.dead].map((name) => (
              <th key={name} scope='col'>{name}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {jobs.map(({ kind, waiting, dead, oldest_seconds: oldest }) => (
            <tr key={kind}>
              <th scope='row'>{kind}</th>
              <td class='number'>{numberOf(waiting)}</td>
              <td class={`number ${oldest !== null && oldest > LATE_S ? 'is-bad' : ''}`}>
                {oldest === null ? '–' : health.seconds(numberOf(oldest))}
              </td>
              <td class={`number ${dead > 0 ? 'is-bad' : ''}`}>{numberOf(dead)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
