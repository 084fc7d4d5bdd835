import { spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import t from '../../support/tap.ts'
import { parse, stringify } from 'yaml'
import { at, listAt, textAt } from '../../support/data/json.ts'
import { isServiceRequired } from '../../support/servers/deployments.ts'
import { ROOT } from '../../support/servers/process.ts'
import { temporaryFolder } from '../../support/servers/program.ts'

/** Series of Prometheus, each with its values: `1x40` is 1 and then 40 times the same, `0+2x40` grows by 2. */
type Series = Record<string, string>

const INTERVAL = '30s'
/** Long enough for every alert, and still in the series. */
const AT = '18m'
/** No alert may fire in less. */
const SOON = '1m'
const FLAT = 'x40'
const LATENCIES = ['chat_delivery_latency_seconds', 'chat_post_duration_seconds']

/** A histogram whose samples are all below a second, or above. */
const histogram = (name: string, isSlow: boolean): Series => ({
  [`${name}_bucket{le="1"}`]: isSlow ? `0${FLAT}` : `0+10${FLAT}`,
  [`${name}_bucket{le="2.5"}`]: `0+10${FLAT}`,
  [`${name}_bucket{le="+Inf"}`]: `0+10${FLAT}`
})

/** Two replicas at work. */
const HEALTHY: Series = {
  'up{job="confab-metrics",instance="a"}': `1${FLAT}`,
  'up{job="confab-metrics",instance="b"}': `1${FLAT}`,
  'chat_redis_up{instance="a"}': `1${FLAT}`,
  'chat_position_repair_total{cause="gap"}': `3${FLAT}`,
  ...histogram('chat_delivery_latency_seconds', false),
  ...histogram('chat_post_duration_seconds', false),
  chat_db_pool_waiting: `0${FLAT}`,
  'chat_overload_refusals_total{reason="sockets"}': `7${FLAT}`,
  'chat_overload_refusals_total{reason="draining"}': `0+1${FLAT}`,
  nodejs_eventloop_lag_p99_seconds: `0.02${FLAT}`,
  chat_ws_slow_consumers_total: `0+3${FLAT}`,
  chat_draining: `0${FLAT}`,
  'chat_jobs_oldest_seconds{kind="mail"}': `20${FLAT}`,
  'chat_jobs_oldest_seconds{kind="webhook"}': `4000${FLAT}`,
  'chat_jobs_dead{kind="mail"}': `3${FLAT}`,
  'chat_push_attempts_total{status="sent"}': `0+100${FLAT}`,
  'chat_push_attempts_total{status="failed"}': `0+10${FLAT}`,
  'http_request_duration_seconds_count{status="2xx"}': `0+1000${FLAT}`,
  'http_request_duration_seconds_count{status="5xx"}': `0+1${FLAT}`
}

/** What is different when an alert fires; undefined removes a series. */
const TROUBLES: [alert: string, trouble: string, changed: Partial<Series>][] = [
  ['ConfabDown', 'every target is gone', Object.fromEntries(Object.keys(HEALTHY).map((name) => [name, undefined]))],
  ['ConfabDown', 'one of two does not answer', { 'up{job="confab-metrics",instance="b"}': `0${FLAT}` }],
  ['ConfabDown', 'one of two is gone', { 'up{job="confab-metrics",instance="b"}': undefined }],
  ['ConfabRedisDown', 'one replica has no Redis', { 'chat_redis_up{instance="b"}': `0${FLAT}` }],
  ['ConfabPositionRepairs', 'hints are lost', { 'chat_position_repair_total{cause="sweep"}': `0+1${FLAT}` }],
  ['ConfabSlowDelivery', 'deliveries take seconds', histogram(LATENCIES[0] ?? '', true)],
  ['ConfabSlowPosts', 'commits take seconds', histogram(LATENCIES[1] ?? '', true)],
  ['ConfabPoolExhausted', 'queries wait', { chat_db_pool_waiting: `2${FLAT}` }],
  ['ConfabOverloaded', 'sockets are refused', { 'chat_overload_refusals_total{reason="sockets"}': `0+1${FLAT}` }],
  ['ConfabEventLoopBlocked', 'a replica is busy', { nodejs_eventloop_lag_p99_seconds: `0.4${FLAT}` }],
  ['ConfabSlowConsumers', 'many sockets do not read', { chat_ws_slow_consumers_total: `0+60${FLAT}` }],
  ['ConfabDrainTooLong', 'a replica does not end', { chat_draining: `1${FLAT}` }],
  ['ConfabJobsStuck', 'a mail waits', { 'chat_jobs_oldest_seconds{kind="mail"}': `400${FLAT}` }],
  ['ConfabJobsDead', 'mails are given up', { 'chat_jobs_dead{kind="mail"}': '0+1x240' }],
  ['ConfabPushesFail', 'keys are refused', { 'chat_push_attempts_total{status="refused"}': `0+200${FLAT}` }],
  ['ConfabServerErrors', 'requests fail', { 'http_request_duration_seconds_count{status="5xx"}': `0+20${FLAT}` }]
]

/** Expects these alerts, and no other, to fire at a time. */
function expectation (evalTime: string, alerts: readonly string[]) {
  return {
    expr: 'count by (alertname) (ALERTS{alertstate="firing"})',
    eval_time: evalTime,
    exp_samples: alerts.map((alert) => ({ labels: `{alertname="${alert}"}`, value: 1 }))
  }
}

function scenario (name: string, series: Partial<Series>, alerts: readonly string[]) {
  return {
    name,
    interval: INTERVAL,
    input_series: Object.entries(series).flatMap(([name, values]) =>
      values === undefined ? [] : [{ series: name, values }]
    ),
    promql_expr_test: [expectation(SOON, []), expectation(AT, alerts)]
  }
}

t.test('every alert fires in its trouble alone, after a while, and none on a healthy installation', async (t) => {
  const rules = at(parse(await readFile(`${ROOT}/k8s/overlays/monitoring/rules.yaml`, 'utf8')), 'spec')
  const alerts = listAt(rules, 'groups').flatMap((group) => listAt(group, 'rules')).map((rule) => textAt(rule, 'alert'))
  t.strictSame([...new Set(TROUBLES.map(([alert]) => alert))].sort(), [...alerts].sort(), 'each has a trouble')
  if (spawnSync('promtool', ['--version']).status !== 0) {
    const reason = 'there is no promtool on the PATH (Debian: prometheus)'
    if (isServiceRequired()) t.fail(reason)
    else t.comment(`SKIPPED the alerts: ${reason}.`)
    return
  }
  const folder = await temporaryFolder(t)
  await writeFile(path.join(folder, 'rules.yaml'), stringify(rules))
  const run = async (scenarios: readonly object[]) => {
    await writeFile(
      path.join(folder, 'tests.yaml'),
      stringify({ rule_files: ['rules.yaml'], evaluation_interval: INTERVAL, tests: scenarios })
    )
    const { stdout, stderr } = spawnSync('promtool', ['test', 'rules', 'tests.yaml'], { cwd: folder, encoding: 'utf8' })
    return stdout + stderr
  }
  const troubles = TROUBLES.map(([alert, trouble, changed]) => scenario(trouble, { ...HEALTHY, ...changed }, [alert]))
  t.match(await run([scenario('healthy', HEALTHY, []), ...troubles]), /^Unit Testing: +tests\.yaml\n +SUCCESS\n/)
  for (const [alert, trouble, changed] of TROUBLES.slice(0, 1))
    t.match(await run([scenario(trouble, { ...HEALTHY, ...changed }, [])]), /FAILED/, `${alert} would be missed`)
})
