/** The commands that bring chats in and out. */
import { createReadStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { ChatError } from '../domain/errors.ts'
import { COMMAND_LINE, recordAudit } from '../domain/moderation/audit.ts'
import { ContentFolder } from '../domain/transfer/content-folder.ts'
import { exportContents, noteFiles, type WantedFiles } from '../domain/transfer/export-contents.ts'
import { exportRecords, type ExportScope } from '../domain/transfer/export.ts'
import {
  checkRecords, discardImport, importRecords, type ImportResult, type Source
} from '../domain/transfer/import.ts'
import { importContents } from '../domain/transfer/import-contents.ts'
import { ImportError } from '../domain/transfer/import-error.ts'
import { openExport } from '../domain/transfer/lines.ts'
import { openSlackExport } from '../integrations/foreign-exports/slack.ts'
import { openStreamExport } from '../integrations/foreign-exports/stream.ts'
import { type FileStorage, StorageError } from '../files/files.ts'
import { ZipError } from '../lib/zip.ts'
import { CommandError } from './command-error.ts'
import type { Call, Command } from './command.ts'

/** Lines are written together up to so many characters. */
const BUFFER = 65_536
/** An export is of interest to its owner alone. */
const MODE = 0o600
const REPORT_INTERVAL_MS = 5_000

/** Import and export. */
export const TRANSFER_COMMANDS: readonly Command[] = [
  {
    words: 'import',
    usage: '<file> [--files <folder>] [--from <chat>] [--check] [--output <file>] [--discard]',
    purpose:
      'import users, chats and messages from an export of Confab, from a file of yours in its form (- is the ' +
      'standard input), or --from stream or slack, whose file may be a folder. Run it again after an interruption: ' +
      'it goes on where it stopped. With --files the contents of files are brought from a folder that export --files ' +
      'has written, also later. With --check nothing is stored, with --output the records go to a file instead, ' +
      'with --discard the part of a chat that an import has left is removed',
    run: runImport
  },
  {
    words: 'export',
    usage: '--all | --chat <id> | --user <id> [--output <file>] [--files <folder>] [--with-password-hashes]',
    purpose:
      'export everything, a chat, or what concerns a user, as one JSON object a line, to a file or to the standard ' +
      'output; with --files the contents of files to a folder. Contents that are there already are not copied again',
    run: runExport
  }
]

async function runExport (call: Call): Promise<string[]> {
  const { context, flags, write, say } = call
  const scope = scopeOf(flags)
  const storage = flags.files === undefined ? undefined : await context.openFiles()
  const wanted: WantedFiles = new Map()
  const counts = await withOutput(flags.output, write, (writeText) => context.withStore(async (orm) => {
    await recordAudit(orm, COMMAND_LINE, { action: 'data.exported', data: scope })
    return exportRecords(orm, scope, {
      hasPasswordHashes: flags['with-password-hashes'],
      write: (line) => writeText(`${line}\n`),
      ...(storage !== undefined && { onRecord: (record) => noteFiles(wanted, record) })
    })
  })).catch(asCommandError)
  say(`${count(counts.users, 'user')}, ${count(counts.chats, 'chat')} and ${count(counts.messages, 'message')}.`)
  if (storage !== undefined && flags.files !== undefined) {
    const folder = await ContentFolder.make(flags.files)
    const { written, present, missing } = await exportContents(storage, folder, wanted).catch(asCommandError)
    say(`The contents of ${count(written, 'file')} were written, of ${count(present, 'file')} they were there.`)
    if (missing > 0) say(`${count(missing, 'file')} are not in the storage any more.`)
  }
  return []
}

/** Brings contents of files, behind the records that name them. */
async function runFileImport (
  { context, say, markFailed }: Pick<Call, 'context' | 'say' | 'markFailed'>, storage: FileStorage, path: string
): Promise<string[]> {
  const folder = await ContentFolder.open(path)
    .catch(() => { throw new CommandError(`${path} is no folder of export --files: it has no SHA256SUMS.`) })
  const { stored, missing, differing } = await context.withStore((orm) => importContents(orm, storage, folder))
    .catch(asCommandError)
  if (differing.length > 0) markFailed()
  for (const file of differing) say(`The content of ${file} is not the one that was exported: it was left out.`)
  return [
    `The contents of ${count(stored, 'file')} were brought` +
    (missing > 0 ? `; those of ${count(missing, 'file')} are not in the folder.` : '.')
  ]
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

/** Collects texts, and writes them together. */
class Buffered {
  readonly #write: Call['write']
  #text = ''

  constructor (write: Call['write']) {
    this.#write = write
  }

  write = async (text: string): Promise<void> => {
    this.#text += text
    if (this.#text.length >= BUFFER) await this.flush()
  }

  async flush (): Promise<void> {
    const text = this.#text
    this.#text = ''
    await this.#write(text)
  }
}

/** Lets work write to a file, which has its name once it is complete, or else to the standard output. */
async function withOutput<Result> (
  file: string | undefined, output: Call['write'], work: (write: Call['write']) => Promise<Result>
): Promise<Result> {
  if (file === undefined) return buffered(output, work)
  const partial = `${file}.partial`
  const handle = await open(partial, 'w', MODE)
  try {
    const result = await buffered(async (text) => {
      await handle.writeFile(text)
    }, work)
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

async function buffered<Result> (
  write: Call['write'], work: (write: Call['write']) => Promise<Result>
): Promise<Result> {
  const buffer = new Buffered(write)
  const result = await work(buffer.write)
  await buffer.flush()
  return result
}

async function runImport (call: Call): Promise<string[]> {
  const { context, parameters: [file = ''], flags, input, write, say } = call
  const source = await openSource(file, flags.from, input).catch(asCommandError)
  if (flags.check) {
    const records = await checkRecords(source).catch(asCommandError)
    return [`The file is in order: ${count(records, 'record')}.`]
  }
  if (flags.output !== undefined) return writeRecords(source, flags.output, write).catch(asCommandError)
  if (flags.discard) {
    const isDone = await context.withStore((orm) => discardImport(orm, source))
    return [isDone ? 'The import is forgotten; chats that are complete stay.' : 'Nothing of the file is stored.']
  }
  // Before anything is stored.
  const storage = flags.files === undefined ? undefined : await context.openFiles()
  let reportedAt = performance.now()
  const onProgress = (records: number) => {
    if (performance.now() - reportedAt < REPORT_INTERVAL_MS) return
    reportedAt = performance.now()
    say(`${String(records)} records are stored.`)
  }
  const result = await context.withUsers(async (orm, announce) => {
    await recordAudit(orm, COMMAND_LINE, { action: 'data.imported' })
    return importRecords(orm, source, { onChats: announce, onProgress })
  }).catch(asCommandError)
  if (storage === undefined || flags.files === undefined) return describe(result)
  return [...describe({ ...result, attachments: 0 }), ...await runFileImport(call, storage, flags.files)]
}

async function openSource (file: string, from: string | undefined, input: Call['input']): Promise<Source> {
  switch (from) {
    case undefined:
      return openExport(file === '-' ? asBytes(input) : createReadStream(file))
    case 'stream':
      return openStreamExport(file)
    case 'slack':
      return openSlackExport(file)
    default:
      throw new CommandError('--from takes stream or slack.')
  }
}

/** Writes what would be imported. */
async function writeRecords ({ header, records }: Source, file: string, write: Call['write']): Promise<string[]> {
  let lines = 1
  await withOutput(file, write, async (writeText) => {
    await writeText(`${JSON.stringify(header)}\n`)
    for await (const { record } of records) {
      lines++
      await writeText(`${JSON.stringify(record)}\n`)
    }
  })
  return [`${count(lines, 'line')} were written.`]
}

async function * asBytes (input: Call['input']): AsyncGenerator<Uint8Array> {
  for await (const chunk of input) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
}

function describe ({ usersMade, usersFound, chats, messages, attachments, skipped }: ImportResult): string[] {
  return [
    ...skipped > 0 ? [`An earlier run has stored ${count(skipped, 'record')}.`] : [],
    `Imported ${count(chats, 'chat')}, ${count(messages, 'message')} and ${count(usersMade, 'user')}` +
    (usersFound > 0 ? `; already there: ${count(usersFound, 'user')}.` : '.'),
    ...attachments > 0
      ? [`Messages name ${count(attachments, 'file')}: run it again with --files to bring their contents.`]
      : []
  ]
}

function count (number: number, what: string): string {
  return `${number.toLocaleString('en')} ${what}${number === 1 ? '' : 's'}`
}

function asCommandError (error: unknown): never {
  if (error instanceof ImportError) throw new CommandError(`The file cannot be imported: ${error.message}`)
  if (error instanceof StorageError) throw new CommandError(`${error.message} Run it again to go on.`)
  if (error instanceof ZipError) throw new CommandError(error.message)
  throw error instanceof ChatError ? new CommandError(error.message) : error
}
