import { spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import t from '../../support/tap.ts'
import { parse, stringify } from 'yaml'
import { call } from '../../support/clients/http.ts'
import { at, isRecord, listAt, textAt } from '../../support/data/json.ts'
import { isServiceRequired, withServices } from '../../support/servers/deployments.ts'
import { freePort, ROOT, spawnReplica } from '../../support/servers/process.ts'
import { temporaryFolder } from '../../support/servers/program.ts'
import { createDatabase } from '../../support/servers/database.ts'
import { complaintsAbout, nameOf, ofKind, render, withKubectl } from '../../support/data/manifests.ts'

const FOLDER = `${ROOT}/k8s/overlays/monitoring`

t.setTimeout(120_000)
const rules = at(parse(await readFile(`${FOLDER}/rules.yaml`, 'utf8')), 'spec')
const alerts = listAt(rules, 'groups').flatMap((group) => listAt(group, 'rules'))
const dashboard: unknown = JSON.parse(await readFile(`${FOLDER}/dashboard.json`, 'utf8'))
const panels = listAt(dashboard, 'panels')

/** The metrics that an expression names. */
function metricsIn (expression: string): string[] {
  return (
    expression
      .replace(/\{[^}]*\}|\[[^\]]*\]|\b(by|without|on|ignoring)\s*\([^)]*\)/g, ' ')
      .match(/\b[a-z]+(_[a-z0-9]+)+\b(?!\s*\()/g) ?? []
  )
}

/** The labels that an expression asks for, each with its metric. */
function labelsIn (expression: string): [metric: string, label: string][] {
  return [...expression.matchAll(/\b([a-z]+(?:_[a-z0-9]+)+)\{([^}]*)\}/g)].flatMap(([, metric = '', matchers = '']) =>
    [...matchers.matchAll(/(\w+)\s*(?:=~|!=|!~|=)/g)].map(([, label = '']): [string, string] => [metric, label])
  )
}

const expressions = [
  ...alerts.map((alert) => textAt(alert, 'expr')),
  ...panels.flatMap((panel) => listAt(panel, 'targets')).map((target) => textAt(target, 'expr'))
]

t.test('names are found in an expression, and nothing else', async (t) => {
  t.strictSame(
    metricsIn(
      'histogram_quantile(0.9, sum by (le, some_label) (rate(a_b_bucket{c_d="e_f"}[$__rate_interval]))) > 1 and ' +
      'on() min(g_h) == 1'
    ),
    ['a_b_bucket', 'g_h']
  )
  t.strictSame(labelsIn('rate(a_b{c="d",e!~"f"}[5m])'), [
    ['a_b', 'c'],
    ['a_b', 'e']
  ])
})

await withServices(
  t,
  'every metric of the alerts and the dashboard is told by a running server',
  async (t, { databaseUrl, redisUrl }) => {
    const port = String(await freePort())
    const replica = await spawnReplica(t, {
      DATABASE_URL: await createDatabase(t, databaseUrl),
      DATABASE_POOL: '2',
      REDIS_URL: redisUrl,
      JWT_SECRET: 'x'.repeat(32),
      DATA_DIR: await temporaryFolder(t),
      METRICS_PORT: port,
      METRICS_HOST: '127.0.0.1'
    })
    await call(`${replica.url}/user/`, 'GET')
    const { text } = await call(`http://127.0.0.1:${port}/metrics`, 'GET', { isDescribed: false })
    const told = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', kind = '']) => [name, kind]))
    const isTold = (name: string) =>
      told.has(name) || told.get(name.replace(/_(bucket|sum|count)$/, '')) === 'histogram'
    const named = new Set(expressions.flatMap(metricsIn))
    t.ok(named.size > 20)
    t.strictSame(
      [...named].filter((name) => name !== 'up' && !isTold(name)),
      []
    )
    for (const [metric, label] of expressions.flatMap(labelsIn)) {
      const base = metric.replace(/_(bucket|sum|count)$/, '')
      const row =
        (await readFile(`${ROOT}/docs/reference/metrics.md`, 'utf8'))
          .split('\n')
          .find((line) => line.startsWith(`| \`${base}\` |`)) ?? ''
      t.match(row.split('|')[2], label, `${metric} has the label ${label}`)
    }
  }
)

t.test('every alert says what it is, how bad, and what to do in a section of its own', async (t) => {
  const manual = await readFile(`${ROOT}/docs/operate/manual.md`, 'utf8')
  const names = alerts.map((alert) => textAt(alert, 'alert'))
  t.equal(new Set(names).size, names.length)
  for (const [index, alert] of alerts.entries()) {
    const name = names[index] ?? ''
    t.match(textAt(alert, 'labels', 'severity'), /^(warning|critical)$/)
    t.match(textAt(alert, 'annotations', 'summary'), /^[A-Z].*\.$/)
    t.equal(textAt(alert, 'annotations', 'runbook_url'), `docs/operate/manual.md#${name.toLowerCase()}`)
    t.ok(manual.includes(`\n### ${name}\n`), `${name} has its section`)
  }
  for (const [, section = ''] of manual.matchAll(/^### (Confab\w+)$/gm))
    t.ok(names.includes(section), `${section} is an alert`)
})

t.test('the dashboard has a place, a unit and a question for each panel', async (t) => {
  t.strictSame(
    panels.map((panel) => at(panel, 'id')),
    panels.map((_, index) => index + 1)
  )
  for (const panel of panels) {
    t.ok(
      listAt(panel, 'targets').every((target) => textAt(target, 'expr') !== '' && textAt(target, 'legendFormat') !== '')
    )
    t.ok(textAt(panel, 'fieldConfig', 'defaults', 'unit'))
  }
  const places = panels.map((panel) => `${String(at(panel, 'gridPos', 'x'))} ${String(at(panel, 'gridPos', 'y'))}`)
  t.equal(new Set(places).size, places.length)
})

t.test('promtool takes the alerts, and the questions of the dashboard', async (t) => {
  if (spawnSync('promtool', ['--version']).status !== 0) {
    const reason = 'there is no promtool on the PATH'
    if (isServiceRequired()) t.fail(reason)
    else t.comment(`SKIPPED the check of the alerts: ${reason}.`)
    return
  }
  const folder = await temporaryFolder(t)
  const check = async (content: unknown) => {
    const file = path.join(folder, 'rules.yaml')
    await writeFile(file, stringify(content))
    return spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' }).status
  }
  t.equal(await check(rules), 0)
  const questions = panels
    .flatMap((panel) => listAt(panel, 'targets'))
    .map((target, index) => ({
      record: `question:${String(index)}`,
      expr: textAt(target, 'expr').replaceAll('$__rate_interval', '5m')
    }))
  t.equal(await check({ groups: [{ name: 'dashboard', rules: questions }] }), 0)
  t.not(await check({ groups: [{ name: 'broken', rules: [{ record: 'x', expr: 'sum(rate(chat_redis_up[5m])' }] }] }), 0)
})

await withKubectl(t, 'the monitoring overlay is of its types, and finds the metrics of the base', async (t) => {
  const [monitoring, production] = [await render('overlays/monitoring'), await render('overlays/production')]
  t.strictSame(monitoring.map(nameOf).sort(), [
    'ConfigMap/confab-dashboard',
    'PrometheusRule/confab',
    'ServiceMonitor/confab'
  ])
  t.strictSame((await Promise.all(monitoring.map(complaintsAbout))).flat(), [])
  const [monitor] = ofKind(monitoring, 'ServiceMonitor')
  const labels = at(monitor, 'spec', 'selector', 'matchLabels')
  const found = ofKind(production, 'Service').filter((service) =>
    Object.entries(isRecord(labels) ? labels : {}).every(
      ([key, value]) => at(service, 'metadata', 'labels', key) === value
    )
  )
  t.strictSame(found.map(nameOf), ['Service/confab-metrics'])
  t.ok(
    listAt(found[0], 'spec', 'ports').some((port) => at(port, 'name') === at(monitor, 'spec', 'endpoints', 0, 'port'))
  )
  const [scaler] = ofKind(await render('overlays/production-by-connections'), 'HorizontalPodAutoscaler')
  t.ok(
    listAt(scaler, 'spec', 'metrics').some((metric) => at(metric, 'pods', 'metric', 'name') === 'chat_ws_connections'),
    'replicas are counted by a metric that there is'
  )
})
