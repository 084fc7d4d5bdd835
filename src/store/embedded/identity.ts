/**
 * The user that runs the programs of Postgres. They refuse to run as root; and `initdb` looks up the name of its user,
 * which does not exist in a container that was started with an arbitrary user id.
 */
import { type SpawnOptions, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import os from 'node:os'
import { endOf } from './child-end.ts'

/**
 * The only environment of every child process: no secret of this process, and no variable that Postgres would use as a
 * setting.
 */
export const CHILD_ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
  TZ: 'UTC'
}
/** On most systems this account owns no files. */
const NOBODY = 'nobody'
/** Accounts in the order in which they are tried. */
const USUAL_ACCOUNTS = ['postgres', NOBODY]
/** A probe that takes longer than this has failed, in milliseconds. */
const PROBE_TIMEOUT_MS = 10_000

/** Ids of a user and its group. */
export type UserIds = { uid: number, gid: number }

/** How a program is run. */
export type Identity =
  /** As this process. */
  | { kind: 'same' }
  /** As this process for the file system, but with another id in a user namespace. */
  | { kind: 'namespace' } & UserIds
  /** As another user, which only root can do. */
  | { kind: 'user' } & UserIds
  /** As this process, whose user is in a list of users that a library answers from. */
  | { kind: 'named', library: string, users: string }

/** A program with its arguments and the options of `spawn`. */
export type Command = { file: string, args: string[], options: SpawnOptions }

/** Returns the command that runs a program under an identity. The process id is the same in a user namespace. */
export function commandAs (identity: Identity, file: string, args: readonly string[]): Command {
  // Another user may not be able to open the working folder of this process.
  const options = { env: CHILD_ENVIRONMENT, cwd: '/' }
  if (identity.kind === 'same') return { file, args: [...args], options }
  if (identity.kind === 'named') {
    const { library, users } = identity
    const names = { LD_PRELOAD: library, NSS_WRAPPER_PASSWD: users, NSS_WRAPPER_GROUP: '/etc/group' }
    return { file, args: [...args], options: { ...options, env: { ...CHILD_ENVIRONMENT, ...names } } }
  }
  const { uid, gid } = identity
  if (identity.kind === 'user') return { file, args: [...args], options: { ...options, uid, gid } }
  const map = ['-U', `--map-user=${String(uid)}`, `--map-group=${String(gid)}`, '--']
  return { file: 'unshare', args: [...map, file, ...args], options }
}

/**
 * Finds a user namespace in which this process has another id; access to the file system stays the same.
 * @param program a program of Postgres
 * @param folder a folder of this user
 * @returns undefined when there is none, or when they cannot be used in it
 */
export async function findNamespace (program: string, folder: string): Promise<Identity | undefined> {
  const accounts = await listAccounts()
  const account = accounts.find(({ name }) => name === NOBODY) ?? accounts.find(({ uid }) => uid !== 0)
  if (account === undefined) return undefined
  const namespace: Identity = { kind: 'namespace', uid: account.uid, gid: account.gid }
  return await canUse(namespace, program, folder) ? namespace : undefined
}

/**
 * Finds a user other than root who can run a program and use a folder.
 * @param candidates tried before the usual accounts of the system
 * @param give changes the owner of the folder to a user
 * @returns undefined when there is none
 */
export async function findUser (
  program: string, folder: string, candidates: readonly UserIds[], give: (user: UserIds) => Promise<void>
): Promise<Identity | undefined> {
  const accounts = await listAccounts()
  // `initdb` also requires a user name.
  const named = candidates.filter((candidate) => accounts.some(({ uid }) => uid === candidate.uid))
  const usual = USUAL_ACCOUNTS.flatMap((usual) => accounts.filter(({ name }) => name === usual))
  for (const { uid, gid } of [...named, ...usual].filter((user) => user.uid !== 0)) {
    await give({ uid, gid })
    if (await canUse({ kind: 'user', uid, gid }, program, folder)) return { kind: 'user', uid, gid }
  }
  return undefined
}

/**
 * Returns the identity for `initdb`, which requires a user with a name: the same one, or a user namespace in which it
 * has another id.
 * @returns undefined when this user has no name and the system allows no user namespace
 */
export async function findNamedIdentity (
  identity: Identity, program: string, folder: string
): Promise<Identity | undefined> {
  if (identity.kind !== 'same' || hasName()) return identity
  return findNamespace(program, folder)
}

/** The user of this process. */
export function currentUser (): UserIds {
  return { uid: process.geteuid?.() ?? -1, gid: process.getegid?.() ?? -1 }
}

function hasName (): boolean {
  try {
    return os.userInfo().username !== ''
  } catch {
    return false
  }
}

async function listAccounts (): Promise<(UserIds & { name: string })[]> {
  const lines = (await readFile('/etc/passwd', 'utf8').catch(() => '')).split('\n')
  return lines
    .map((line) => line.split(':'))
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter(({ uid, gid }) => Number.isSafeInteger(uid) && Number.isSafeInteger(gid))
}

/** Whether a program can be run and a folder be written to. */
async function canUse (identity: Identity, program: string, folder: string): Promise<boolean> {
  const script = 'cd "$1" && test -w . && exec "$2" --version'
  const { file, args, options } = commandAs(identity, '/bin/sh', ['-c', script, 'sh', folder, program])
  const child = spawn(file, args, { ...options, stdio: 'ignore', timeout: PROBE_TIMEOUT_MS })
  return (await endOf(child)).code === 0
}
