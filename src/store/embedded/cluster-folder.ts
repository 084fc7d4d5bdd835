/**
 * The data folder of the embedded server ("cluster" in the terms of Postgres): its location, its owner, its creation,
 * and whether the available programs can use it.
 */
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink
} from 'node:fs/promises'
import path from 'node:path'
import { findBinaries, type PostgresBinaries } from './binaries.ts'
import { EmbeddedStoreError, hasCode } from './errors.ts'
import { currentUser, findNamespace, findUser, type Identity, type UserIds } from './identity.ts'
import { initialize, type InitializeOptions } from './initialize.ts'

/** The name of the data folder in `DATA_DIR`. */
export const CLUSTER_NAME = 'postgres'
/** Its location when a user other than root must reach it and `DATA_DIR` cannot be reached. */
const SHARED_ROOT = '/var/lib/confab'
/** Postgres refuses a folder that other users can open. */
const PRIVATE = 0o700
/** Other users may pass through, but not list it. */
const PASSABLE = 0o711
const PASSAGE = 0o011

/** A data folder that is ready for the server. */
export type Cluster = {
  readonly folder: string
  readonly identity: Identity
  readonly binaries: PostgresBinaries
  /** A notice for the operator; undefined when everything is as expected. */
  readonly notice?: string
}

/** How to find programs, and how to create a folder. */
export type ClusterOptions = InitializeOptions & {
  searchPath?: string | undefined
  /** The name of the data folder in `DATA_DIR`; `postgres` by default. */
  name?: string
}

/**
 * Finds the data folder, or creates it at the first start.
 * @param dataDir an existing folder that no other process uses now
 * @throws {EmbeddedStoreError} when it cannot be used or created
 */
export async function openCluster (dataDir: string, options: ClusterOptions): Promise<Cluster> {
  const folder = await locateCluster(dataDir, options.name)
  const owner = await ownerOf(folder)
  if (owner === undefined) return createCluster(dataDir, options)
  const binaries = await findBinaries({ ...placeOf(folder, dataDir), ...options })
  await checkVersion(folder, binaries)
  return { folder, binaries, identity: await identityFor(folder, binaries) }
}

/**
 * Returns the location of the data folder of a `DATA_DIR`, whether or not it exists yet.
 * @throws {EmbeddedStoreError} when it was in another place and is missing there
 */
export async function locateCluster (dataDir: string, name = CLUSTER_NAME): Promise<string> {
  const own = path.join(dataDir, name)
  const folder = await readlink(own).catch(() => own)
  if (folder !== own && await ownerOf(folder) === undefined) {
    throw new EmbeddedStoreError(
      `The embedded store of ${dataDir} was kept in ${folder}, which is not there: bring it back, or remove ${own} ` +
      'to begin with an empty store.'
    )
  }
  return folder
}

/** The major version of Postgres that created a data folder; undefined when it is none. */
export async function readMajorVersion (folder: string): Promise<number | undefined> {
  const text = await readFile(path.join(folder, 'PG_VERSION'), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : Number.parseInt(text, 10)
}

async function checkVersion (folder: string, { major, version }: PostgresBinaries): Promise<void> {
  const made = await readMajorVersion(folder)
  if (made === major) return
  throw new EmbeddedStoreError(
    made === undefined
      ? `${folder} is no data folder of Postgres: remove it, or choose another DATA_DIR.`
      : `The embedded store in ${folder} was made by PostgreSQL ${String(made)}, and PostgreSQL ${version} cannot ` +
        'open it: run confab upgrade-embedded.'
  )
}

/** Runnable copies of programs are stored beside the data folder, so that they can be reached by the same users. */
function placeOf (folder: string, dataDir: string): { workFolder: string, isSelfContained: boolean } {
  const workFolder = path.dirname(folder)
  return { workFolder, isSelfContained: workFolder !== dataDir }
}

/** The identity for an existing folder: its owner. @throws {EmbeddedStoreError} when this process cannot assume it */
export async function identityFor (folder: string, { postgres }: PostgresBinaries): Promise<Identity> {
  const { uid, gid } = await stat(folder)
  const [owner, own] = [{ uid, gid }, currentUser()]
  if (own.uid === 0 && owner.uid !== 0) return { kind: 'user', ...owner }
  if (owner.uid !== own.uid) {
    throw new EmbeddedStoreError(
      `The embedded store in ${folder} belongs to user ${String(owner.uid)}: run Confab as that user, not as ` +
      `${String(own.uid)}.`
    )
  }
  // Volumes of containers become group-accessible each time they are mounted.
  await chmod(folder, PRIVATE)
  if (own.uid !== 0) return { kind: 'same' }
  const namespace = await findNamespace(postgres, folder)
  if (namespace !== undefined) return namespace
  throw new EmbeddedStoreError(
    `The embedded store in ${folder} belongs to root, as which Postgres does not run: give it to another user ` +
    '(chown -R), or run Confab where user namespaces are allowed.'
  )
}

/** Creates the folder in the expected place, or where a user that may run Postgres can reach it. */
async function createCluster (dataDir: string, options: ClusterOptions): Promise<Cluster> {
  const cluster = await createIn(dataDir, dataDir, options)
  if (cluster !== undefined) return cluster
  await mkdir(SHARED_ROOT, { recursive: true })
  await chmod(SHARED_ROOT, PASSABLE)
  // Never an existing folder: it could belong to an earlier `DATA_DIR` of the same name.
  const parent = await mkdtemp(path.join(SHARED_ROOT, 'store-'))
  const shared = await createIn(parent, dataDir, options)
  if (shared === undefined) {
    await rm(parent, { recursive: true })
    throw new EmbeddedStoreError(
      'Postgres does not run as root, and there is no other user as which it could run here: run Confab as another ' +
      'user, or set DATABASE_URL.'
    )
  }
  await symlink(shared.folder, path.join(dataDir, options.name ?? CLUSTER_NAME))
  const reason = `Postgres does not run as root, and no other user can reach ${dataDir}`
  return { ...shared, notice: `${reason}: the embedded store is in ${parent}` }
}

/**
 * Creates the folder under another name and renames it when it is complete.
 * @returns undefined if it cannot be there
 */
async function createIn (parent: string, dataDir: string, options: ClusterOptions): Promise<Cluster | undefined> {
  const folder = path.join(parent, options.name ?? CLUSTER_NAME)
  const fresh = `${folder}.new`
  // Left behind by an interrupted start.
  await rm(fresh, { recursive: true, force: true })
  await mkdir(fresh, { mode: PRIVATE })
  const binaries = await findBinaries({ ...placeOf(folder, dataDir), ...options })
  const identity = await identityIn(fresh, parent, dataDir, binaries)
  if (identity === undefined) {
    await rm(fresh, { recursive: true })
    return undefined
  }
  await initialize(fresh, identity, binaries, options)
  await rename(fresh, folder)
  await syncFolder(parent)
  return { folder, identity, binaries }
}

async function identityIn (
  fresh: string, parent: string, dataDir: string, { postgres }: PostgresBinaries
): Promise<Identity | undefined> {
  if (currentUser().uid !== 0) return { kind: 'same' }
  const namespace = parent === dataDir ? await findNamespace(postgres, fresh) : undefined
  if (namespace !== undefined) return namespace
  const { mode } = await stat(parent)
  await chmod(parent, mode | PASSAGE)
  const user = await findUser(postgres, fresh, await ownersOf(dataDir), ({ uid, gid }) => chown(fresh, uid, gid))
  if (user === undefined) await chmod(parent, mode)
  return user
}

/** Makes the entries of a folder survive a power cut. */
async function syncFolder (folder: string): Promise<void> {
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The owners of a folder and of its parents: each may be able to pass through those of the others. */
async function ownersOf (folder: string): Promise<UserIds[]> {
  const owners: UserIds[] = []
  for (let current = folder; current !== path.dirname(current); current = path.dirname(current)) {
    const { uid, gid } = await stat(current)
    if (!owners.some((owner) => owner.uid === uid)) owners.push({ uid, gid })
  }
  return owners
}

async function ownerOf (folder: string): Promise<UserIds | undefined> {
  try {
    const { uid, gid } = await lstat(folder)
    return { uid, gid }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}
