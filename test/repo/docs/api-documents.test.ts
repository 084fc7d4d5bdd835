import { Parser } from '@asyncapi/parser'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import t from '../../support/tap.ts'
import { ConfabError } from '../../../src/client/chatcli/errors.ts'
import { pathOf } from '../../../src/api/openapi/route.ts'
import { CLIENT_FRAMES } from '../../../src/api/chatcli/ws/client-frame-descriptions.ts'
import { SERVER_FRAMES } from '../../../src/api/chatcli/ws/server-frame-descriptions.ts'
import { ACTION_TYPES, decodeAction } from '../../../src/api/chatcli/ws/frames.ts'
import { expectPage } from '../../support/checks/answers.ts'
import { at, listAt } from '../../support/data/json.ts'
import { routesOf } from '../../support/data/routes.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'
import { ROOT } from '../../support/servers/process.ts'
import { problemWithFrame } from '../../support/checks/described.ts'
import { committedFiles } from '../../support/data/committed-files.ts'

/** An upgrade has no success but 101. */
const NO_SUCCESS = ['v1~1realtime', 'ws', 'ws~1{id}'].map(
  (path) => `operation-2xx-response #/paths/~1${path}/get/responses`
)
/** Errors and warnings; what is less is advice. */
const GRAVE = [0, 1]

await onEmbedded(t, async (t, cluster) => {
  const documents = cluster.replica(0).app.documents()
  const files = committedFiles(documents)

  await t.test('every route is described, and nothing else', async (t) => {
    const described = Object.entries(documents.openapi.paths).flatMap(([target, methods = {}]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${target}`)
    )
    const served = routesOf(cluster.replica(0)).map((route) => {
      const [method = '', url = ''] = route.split(' ')
      return `${method} ${pathOf(url)}`
    })
    t.strictSame(described.sort(), served.sort())
    const ids = documents.routes.map(({ operationId }) => operationId)
    t.equal(new Set(ids).size, described.length, 'each under a name of its own')
  })

  await t.test('every action is described', async (t) => {
    const sent = Object.values(documents.asyncapi.components.messages).map(({ name }) => name)
    t.strictSame(
      ACTION_TYPES.filter((type) => !sent.includes(type)),
      []
    )
  })

  await t.test('every example of a frame is one', async (t) => {
    for (const { examples } of SERVER_FRAMES)
      for (const example of examples) t.equal(problemWithFrame(example), undefined)
    for (const { examples } of CLIENT_FRAMES)
      for (const example of examples) t.strictSame(decodeAction(example), example)
  })

  await t.test('what is served is what the docs folder holds; npm run describe writes it', async (t) => {
    for (const [name, text] of Object.entries(files))
      t.ok(text === (await readFile(path.join(ROOT, name), 'utf8')), name)
    for (const name of ['openapi.json', 'asyncapi.json']) {
      const served = await cluster.get(`/${name}`)
      t.strictSame(served.body, JSON.parse(files[`docs/reference/${name}`] ?? ''), name)
    }
    const manifest: unknown = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8'))
    t.equal(documents.openapi.info.version, at(manifest, 'version'))
  })

  await t.test('the OpenAPI document passes a linter', async (t) => {
    const config = await createConfig({ extends: ['recommended-strict'] })
    const problems = await lintFromString({ source: files['docs/reference/openapi.json'] ?? '', config })
    t.strictSame(
      problems.map(({ ruleId, location: [place] }) => `${ruleId} ${place?.pointer ?? ''}`),
      NO_SUCCESS
    )
  })

  await t.test('the AsyncAPI document passes its parser', async (t) => {
    const { document, diagnostics } = await new Parser().parse(files['docs/reference/asyncapi.json'] ?? '')
    t.strictSame(
      diagnostics.filter(({ severity }) => GRAVE.includes(severity)),
      []
    )
    t.equal(document?.allMessages().length, Object.keys(documents.asyncapi.components.messages).length)
  })

  await t.test('the page shows both, without a script', async (t) => {
    const page = await cluster.get('/docs')
    expectPage(t, page, 200)
    t.match(
      page.headers.get('content-security-policy'),
      /^default-src 'none'; style-src 'sha256-[^' ]+'; form-action 'none'/
    )
    const ids = [...page.text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
    t.equal(new Set(ids).size, ids.length, 'no id twice')
    const links = [...page.text.matchAll(/ href="#([^"]+)"/g)].map(([, id]) => id)
    t.strictSame(
      links.filter((id) => !ids.includes(id)),
      [],
      'every link within it leads somewhere'
    )
    for (const { operationId } of documents.routes) t.ok(ids.includes(operationId), operationId)
    for (const name of Object.keys(documents.asyncapi.components.messages))
      t.ok(page.text.includes(`<code>${name}</code>`), name)
    for (const close of listAt(documents.asyncapi, 'channels', 'ws', 'x-close-codes'))
      t.ok(page.text.includes(`<code>${String(at(close, 'code'))}</code>`))
  })

  await t.test('every error is told somewhere, and the client knows which to try again', async (t) => {
    t.strictSame(
      documents.errors.filter(({ status, isInFrames }) => status.size === 0 && !isInFrames),
      []
    )
    t.strictSame(
      documents.errors.filter(({ code, isRetryable }) => new ConfabError(code, '').isRetryable !== isRetryable),
      []
    )
  })
})
