/**
 * The image that the Dockerfile describes, without an engine: each stage becomes a folder, what is copied is copied,
 * what is run is run there by a user who is nobody. What the base image brings is whatever is installed here.
 */
import { execFile, spawn } from 'node:child_process'
import {
  Arg,
  Copy,
  DockerfileParser,
  Env,
  Healthcheck,
  type Instruction,
  JSONInstruction,
  Run,
  User,
  Workdir
} from 'dockerfile-ast'
import { existsSync } from 'node:fs'
import { copyFile, cp, mkdir, readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { at, fieldsOf } from '../data/json.ts'
import { cleanEnvironment, ROOT } from './process.ts'

/** Tens of thousands of files are copied and given away: programs do that ten times as fast as a loop here. */
const exec = promisify(execFile)

/** A step that installs all packages without running their scripts. */
const INSTALL = /^npm ci --ignore-scripts( --no-(audit|fund))*$/

/** Who runs the steps of the build, and who owns what belongs to root in the image. */
const NOBODY = 65_534
const OWNER = `${String(NOBODY)}:${String(NOBODY)}`
/** Only root may act for others: elsewhere everybody is whoever runs the tests. */
export const IS_ROOT = process.getuid?.() === 0

/** A stage of a Dockerfile: its name or number, and what follows its FROM. */
export type Stage = { name: string, base: string, instructions: Instruction[] }

/** What the last stage says of the container. */
export type Container = {
  /** Where `/` of the image is. */
  root: string
  workdir: string
  uid: number
  environment: Record<string, string>
  command: string[]
  healthcheck: string[]
}

/** The stages of a Dockerfile, in order. */
export function readStages (dockerfile: string): Stage[] {
  const stages: Stage[] = []
  for (const instruction of DockerfileParser.parse(dockerfile).getInstructions()) {
    if (instruction.getKeyword() === 'FROM') {
      const [base = '', , name = String(stages.length)] = argumentsOf(instruction)
      stages.push({ name, base, instructions: [] })
    } else stages.at(-1)?.instructions.push(instruction)
  }
  return stages
}

/** The arguments of an instruction, as they are written. */
export function argumentsOf (instruction: Instruction): string[] {
  return instruction.getArguments().map((argument) => argument.getValue())
}

/** The words of a command in exec form; none of one that a shell would run. */
export function wordsOf (instruction: Instruction | undefined): string[] {
  const command =
    instruction instanceof Healthcheck
      ? DockerfileParser.parse(
        `CMD ${instruction.getRawArgumentsContent()?.replace(/^.*?CMD\s+/s, '') ?? ''}`
      ).getInstructions()[0]
      : instruction
  return command instanceof JSONInstruction
    ? command.getJSONStrings().map((word) => String(JSON.parse(word.getValue())))
    : []
}

/** Whether the build sees a file of the repository: the last pattern of .dockerignore that fits it decides. */
export async function createContext (): Promise<(file: string) => boolean> {
  const lines = (await readFile(path.join(ROOT, '.dockerignore'), 'utf8'))
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  const patterns = lines.map((line) => ({ isIn: line.startsWith('!'), pattern: line.replace(/^!/, '') }))
  return (file) =>
    patterns.findLast(({ pattern }) => pattern === '*' || file === pattern || file.startsWith(`${pattern}/`))?.isIn ??
    true
}

/** Builds all stages below an empty folder. @throws when a step fails, with what it said */
export async function build (dockerfile: string, folder: string): Promise<Container> {
  const cache = path.join(folder, 'cache')
  await mkdir(cache)
  await own(cache)
  if (!await areInstalled()) await lendCache(cache)
  const roots = new Map<string, string>()
  let container: Container | undefined
  for (const stage of readStages(dockerfile)) {
    const root = path.join(folder, `stage-${stage.name}`)
    await mkdir(root)
    roots.set(stage.name, root)
    container = { root, workdir: '/', uid: 0, environment: {}, command: [], healthcheck: [] }
    for (const instruction of stage.instructions) await carryOut(instruction, container, roots, cache)
  }
  if (container === undefined) throw new Error('The Dockerfile has no stage.')
  return container
}

async function carryOut (
  instruction: Instruction,
  container: Container,
  roots: ReadonlyMap<string, string>,
  cache: string
): Promise<void> {
  if (instruction instanceof Arg) return
  const [first = ''] = argumentsOf(instruction)
  if (instruction instanceof Workdir) {
    container.workdir = first
    await mkdir(path.join(container.root, first), { recursive: true })
    await own(path.join(container.root, first))
  } else if (instruction instanceof Env) {
    for (const property of instruction.getProperties())
      container.environment[property.getName()] = property.getValue() ?? ''
  } else if (instruction instanceof Copy) await copy(instruction, container, roots)
  else if (instruction instanceof Run)
    await run(instruction.getArgumentsContent() ?? '', path.join(container.root, container.workdir), cache)
  else if (instruction instanceof User) container.uid = Number(first.split(':', 1)[0])
  else if (instruction instanceof Healthcheck) container.healthcheck = wordsOf(instruction)
  else if (instruction.getKeyword() === 'CMD') container.command = wordsOf(instruction)
}

async function copy (
  instruction: Copy,
  { root, workdir }: Container,
  roots: ReadonlyMap<string, string>
): Promise<void> {
  const flags = new Map(instruction.getFlags().map((flag) => [flag.getName(), flag.getValue() ?? '']))
  const from = flags.get('from')
  const source = from === undefined ? ROOT : roots.get(from)
  if (source === undefined) throw new Error(`There is no stage ${String(from)}.`)
  const isSeen = from === undefined ? await createContext() : () => true
  const [last = '', ...others] = argumentsOf(instruction).reverse()
  const destination = path.resolve('/', workdir, last)
  for (const name of others.reverse()) {
    const file = path.join(source, name)
    const isFolder = (await stat(file)).isDirectory()
    const target = path.join(
      root,
      isFolder || !/(^|\/)\.?\/?$/.test(last) ? destination : path.join(destination, path.basename(name))
    )
    const filter = (each: string) => each === source || isSeen(path.relative(source, each))
    if (!filter(file)) throw new Error(`.dockerignore keeps ${name} from the build.`)
    if (from === undefined) await cp(file, target, { recursive: true, filter })
    else await exec('cp', ['-R', '-T', file, target])
    await own(target, Number(flags.get('chown')?.split(':', 1)[0] ?? NOBODY))
  }
}

/**
 * Runs a step as nobody, in a shell as an engine does. Where it installs the packages of the lock file, it gets those
 * that are installed here by the same file.
 */
async function run (step: string, cwd: string, cache: string): Promise<void> {
  if (INSTALL.test(step) && (await areInstalled())) {
    await lendPackages(cwd)
    return
  }
  const child = spawn('/bin/sh', ['-c', step], {
    cwd,
    env: {
      ...cleanEnvironment(),
      HOME: cache,
      npm_config_cache: cache,
      npm_config_prefer_offline: 'true',
      npm_config_update_notifier: 'false'
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(IS_ROOT && { uid: NOBODY, gid: NOBODY })
  })
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once('exit', resolve)
    child.once('error', reject)
  })
  const said = await Promise.all([text(child.stdout), text(child.stderr)])
  const code = await exit
  if (code !== 0) throw new Error(`RUN ${step} ended with ${String(code)}: ${said.join('\n')}`)
}

/** Whether the packages here are those of the lock file, by the list that npm left when it installed them. */
async function areInstalled (): Promise<boolean> {
  const packagesOf = async (file: string) => at(JSON.parse(await readFile(path.join(ROOT, file), 'utf8')), 'packages')
  const locked = await packagesOf('package-lock.json')
  const installed = await packagesOf('node_modules/.package-lock.json').catch(() => ({}))
  return fieldsOf(locked).every((name) => {
    const found = at(installed, name)
    if (name === '' || (found === undefined && at(locked, name, 'optional') === true)) return true
    return found !== undefined && at(found, 'integrity') === at(locked, name, 'integrity')
  })
}

/**
 * Puts the packages that are installed here into a folder. Their files are links: steps may remove them, and have no
 * right to change them, except for the list that npm keeps of them.
 */
async function lendPackages (folder: string): Promise<void> {
  const [source, target] = [path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules')]
  const list = path.join(target, '.package-lock.json')
  await mkdir(target)
  // Other tests write to what is hidden there, a cache for one: a file that goes while it is copied is a failure.
  const packages = (await readdir(source)).filter((name) => !name.startsWith('.') || name === '.bin')
  const files = packages.map((name) => path.join(source, name))
  const links = (await stat(source)).dev === (await stat(folder)).dev ? ['-l'] : []
  await exec('cp', ['-a', ...links, '-t', target, ...files])
  await copyFile(path.join(source, '.package-lock.json'), list)
  await own(list)
  if (IS_ROOT) await exec('find', [target, '-type', 'd', '-exec', 'chown', OWNER, '{}', '+'])
}

/** Copies this user's cache of packages into a folder for nobody, so that little is loaded again. */
async function lendCache (folder: string): Promise<void> {
  const mine = path.join(process.env['npm_config_cache'] ?? path.join(process.env['HOME'] ?? '/', '.npm'), '_cacache')
  if (!existsSync(mine)) return
  await exec('cp', ['-R', mine, folder])
  await own(folder)
}

/** Gives a file, or a folder and all that is in it, to a user. */
async function own (file: string, uid = NOBODY): Promise<void> {
  if (IS_ROOT) await exec('chown', ['-hR', `${String(uid)}:${String(uid)}`, file])
}

/** Takes from everybody the right to write below a folder, as a read-only root does. */
export async function makeReadOnly (folder: string): Promise<void> {
  await exec('chmod', ['-R', 'a-w', folder])
}
