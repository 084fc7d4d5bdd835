#!/usr/bin/env node
/** `confab`: commands for operators, on the configured store and bus. Exit codes: 0 ok, 1 failed, 2 usage error. */
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { CommandError } from './admin/command-error.ts'
import { type Call, type Command, COMMANDS } from './admin/commands.ts'
import { describeFatalError } from './server/fatal-error.ts'

const FAILED = 1
const USAGE_ERROR = 2

function help (commands: readonly Command[] = COMMANDS): string {
  const lines = commands.map(({ words, usage, purpose }) =>
    `  confab ${words} ${usage}`.trimEnd().concat(`\n      ${purpose}`)
  )
  return `Usage:\n${lines.join('\n')}\n\nEverything works on DATABASE_URL and REDIS_URL or, without them, on the ` +
    `embedded store in DATA_DIR while no server has it open.\n`
}

function parse (args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      all: { type: 'boolean', default: false },
      'password-stdin': { type: 'boolean', default: false },
      name: { type: 'string' }
    }
  })
}

/** Whether the number of parameters and the flags match the usage. */
function isCalledRight ({ usage }: Command, parameters: readonly string[], flags: Call['flags']): boolean {
  const given = Object.entries(flags)
    .filter(([, value]) => value !== undefined && value !== false)
    .map(([flag]) => flag)
  if (!given.every((flag) => usage.includes(`--${flag}`))) return false
  const required = usage.replace(/\[.*?\]/g, '').match(/<\w+>/g)?.length ?? 0
  return (
    parameters.length === (flags.all ? 0 : required) &&
    (!usage.startsWith('<id>') || flags.all || /^[1-9]\d{0,15}$/.test(parameters.join()))
  )
}

async function readLine (): Promise<string> {
  for await (const line of createInterface({ input: process.stdin })) return line
  return ''
}

async function main (args: string[]): Promise<number> {
  let parsed: ReturnType<typeof parse>
  try {
    parsed = parse(args)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${help()}`)
    return USAGE_ERROR
  }
  const {
    values: { help: isHelp, ...flags },
    positionals
  } = parsed
  const command = COMMANDS.find(({ words }) => `${positionals.join(' ')} `.startsWith(`${words} `))
  if (isHelp) {
    process.stdout.write(help(command === undefined ? COMMANDS : [command]))
    return 0
  }
  const parameters = command === undefined ? [] : positionals.slice(command.words.split(' ').length)
  if (command === undefined || !isCalledRight(command, parameters, flags)) {
    process.stderr.write(help(command === undefined ? COMMANDS : [command]))
    return USAGE_ERROR
  }
  // Drivers take longer to load than the rest, and help needs none.
  const [{ loadStorageConfig }, { AdminContext }] = await Promise.all([
    import('./config/config.ts'),
    import('./admin/admin-context.ts')
  ])
  const lines = await command.run({
    context: new AdminContext(loadStorageConfig(process.env)),
    parameters,
    flags,
    readLine
  })
  process.stdout.write(lines.map((line) => `${line}\n`).join(''))
  return 0
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code
  },
  (error: unknown) => {
    process.stderr.write(
      `${error instanceof CommandError ? error.message : describeFatalError(error, 'confab failed')}\n`
    )
    process.exitCode = FAILED
  }
)
