/** The commands that bring chats in and out. */
import { createReadStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { ChatError } from '../domain/errors.ts'
import { exportRecords, type ExportScope } from '../domain/transfer/export.ts'
import { checkRecords, importRecords, type ImportResult } from '../domain/transfer/import.ts'
import { ImportError } from '../domain/transfer/import-error.ts'
import { openExport } from '../domain/transfer/lines.ts'
import { CommandError } from './command-error.ts'
import type { Call, Command } from './commands.ts'

/** Lines are written together up to so many characters. */
const BUFFER = 65_536
/** An export is of interest to its owner alone. */
const MODE = 0o600
const REPORT_INTERVAL_MS = 5_000

/** Import and export. */
export const TRANSFER_COMMANDS: readonly Command[] = [
  {
    words: 'import',
    usage: '<file> [--check]',
    purpose:
      'import users, chats and messages from an export of Confab, or from a file of yours in its form; - is the ' +
      'standard input. Run it again after an interruption: it goes on where it stopped. With --check the file is ' +
      'read and nothing is stored',
    run: runImport
  },
  {
    words: 'export',
    usage: '--all | --chat <id> | --user <id> [--output <file>] [--with-password-hashes]',
    purpose:
      'export everything, a chat, or what concerns a user, as one JSON object a line, to a file or to the standard ' +
      'output',
    run: runExport
  }
]

async function runExport ({ context, flags, write, say }: Call): Promise<string[]> {
  const scope = scopeOf(flags)
  const counts = await withOutput(flags.output, write, (writeText) => context.withStore(async (orm) => {
    let buffer = ''
    const exported = await exportRecords(orm, scope, {
      hasPasswordHashes: flags['with-password-hashes'],
      write: async (line) => {
        buffer += `${line}\n`
        if (buffer.length < BUFFER) return
        const text = buffer
        buffer = ''
        await writeText(text)
      }
    })
    await writeText(buffer)
    return exported
  })).catch(asCommandError)
  say(`${count(counts.users, 'user')}, ${count(counts.chats, 'chat')} and ${count(counts.messages, 'message')}.`)
  return []
}

function scopeOf ({ all, chat, user }: Call['flags']): ExportScope {
  const scopes: ExportScope[] = [
    ...all ? [{ all } as const] : [], ...chat === undefined ? [] : [{ chat }], ...user === undefined ? [] : [{ user }]
  ]
  const [scope] = scopes
  if (scope === undefined || scopes.length > 1)
    throw new CommandError('Say what to export: one of --all, --chat <id> and --user <id>.')
  return scope
}

/** Lets work write to a file, which has its name once it is complete, or to the standard output. */
async function withOutput<Result> (
  file: string | undefined, write: Call['write'], work: (write: Call['write']) => Promise<Result>
): Promise<Result> {
  if (file === undefined) return work(write)
  const partial = `${file}.partial`
  const handle = await open(partial, 'w', MODE)
  try {
    const result = await work(async (text) => {
      await handle.write(text)
    })
    await handle.sync()
    await handle.close()
    await rename(partial, file)
    return result
  } catch (error) {
    await handle.close()
    await rm(partial, { force: true })
    throw error
  }
}

async function runImport ({ context, parameters: [file = ''], flags, input, say }: Call): Promise<string[]> {
  const bytes = file === '-' ? asBytes(input) : createReadStream(file)
  const source = await openExport(bytes).catch(asCommandError)
  if (flags.check) {
    const records = await checkRecords(source).catch(asCommandError)
    return [`The file is in order: ${count(records, 'record')}.`]
  }
  let reportedAt = performance.now()
  const result = await context.withUsers((orm, announce) => importRecords(orm, source, {
    onChats: announce,
    onProgress: (records) => {
      if (performance.now() - reportedAt < REPORT_INTERVAL_MS) return
      reportedAt = performance.now()
      say(`${String(records)} records are stored.`)
    }
  })).catch(asCommandError)
  return describe(result)
}

async function * asBytes (input: Call['input']): AsyncGenerator<Uint8Array> {
  for await (const chunk of input) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
}

function describe ({ usersMade, usersFound, chats, messages, attachments, skipped }: ImportResult): string[] {
  return [
    ...skipped > 0 ? [`An earlier run has stored ${count(skipped, 'record')}.`] : [],
    `Imported ${count(chats, 'chat')}, ${count(messages, 'message')} and ${count(usersMade, 'user')}` +
    (usersFound > 0 ? `; already there: ${count(usersFound, 'user')}.` : '.'),
    ...attachments > 0 ? [`Files are no part of an export: messages name ${count(attachments, 'file')}.`] : []
  ]
}

function count (number: number, what: string): string {
  return `${number.toLocaleString('en')} ${what}${number === 1 ? '' : 's'}`
}

function asCommandError (error: unknown): never {
  if (error instanceof ImportError) throw new CommandError(`The file cannot be imported: ${error.message}`)
  throw error instanceof ChatError ? new CommandError(error.message) : error
}
