/**
 * The data folder of the embedded server (a "cluster" in Postgres' own words): where it is, to whom it belongs, how it
 * is made and whether these programs can use it.
 */
import { createHash } from 'node:crypto'
import { chmod, chown, lstat, mkdir, open, readFile, readlink, rename, rm, stat, symlink } from 'node:fs/promises'
import path from 'node:path'
import type { PostgresBinaries } from './binaries.ts'
import { EmbeddedStoreError, hasCode } from './errors.ts'
import { currentUser, findIdentity, type Identity, type UserIds } from './identity.ts'
import { initialize, type InitializeOptions } from './initialize.ts'

/** The name of the data folder in `DATA_DIR`. */
export const CLUSTER_NAME = 'postgres'
/** Where data is kept that has to be reachable for another user than root. */
const SHARED_ROOT = '/var/lib/confab'
const PRIVATE = 0o700
/** Others may go through, and see nothing. */
const PASSABLE = 0o711

/** A data folder that is ready for the server. */
export type Cluster = {
  readonly folder: string
  readonly identity: Identity
  /** What the operator should know of where it is; undefined when it is where it is expected. */
  readonly notice?: string
}

/**
 * Finds the data folder, or makes it at the first start.
 * @param dataDir an existing folder, which no other process uses now
 * @throws {EmbeddedStoreError} when it cannot be used or made
 */
export async function openCluster (
  dataDir: string,
  binaries: PostgresBinaries,
  options: InitializeOptions
): Promise<Cluster> {
  const link = path.join(dataDir, CLUSTER_NAME)
  const folder = await readlink(link).catch(() => link)
  const owner = await ownerOf(folder)
  if (owner === undefined) {
    if (folder !== link)
      throw new EmbeddedStoreError(
        `The embedded store of ${dataDir} was kept in ${folder}, which is not there: bring it back, or remove ` +
        `${link} to begin with an empty store.`
      )
    return createCluster(dataDir, binaries, options)
  }
  await checkVersion(folder, binaries)
  return { folder, identity: await identityFor(folder, owner, binaries) }
}

/** The major version of the programs that a data folder was made by; undefined when it is none. */
export async function readMajorVersion (folder: string): Promise<number | undefined> {
  const text = await readFile(path.join(folder, 'PG_VERSION'), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : Number.parseInt(text, 10)
}

async function checkVersion (folder: string, { major, version }: PostgresBinaries): Promise<void> {
  const made = await readMajorVersion(folder)
  if (made === undefined)
    throw new EmbeddedStoreError(
      `${folder} is no data folder of Postgres: remove it if it is empty, or choose another DATA_DIR.`
    )
  if (made !== major)
    throw new EmbeddedStoreError(
      `The embedded store in ${folder} was made by PostgreSQL ${String(made)} and cannot be opened by ${version}: ` +
      'run confab upgrade-embedded.'
    )
}

/** Who may run the server on a folder that is there already: its owner alone. */
async function identityFor (folder: string, owner: UserIds, { postgres }: PostgresBinaries): Promise<Identity> {
  const own = currentUser()
  if (owner.uid === own.uid) {
    // Postgres refuses a folder that is open to others, as volumes of containers become.
    await chmod(folder, PRIVATE)
    const identity = await findIdentity(postgres, folder, [], async () => undefined)
    if (identity !== undefined && identity.kind !== 'user') return identity
    throw new EmbeddedStoreError(
      `The embedded store in ${folder} belongs to root, as which Postgres does not run: give it to another user ` +
      '(chown -R), or run Confab as one.'
    )
  }
  if (own.uid === 0) return { kind: 'user', ...owner }
  throw new EmbeddedStoreError(
    `The embedded store in ${folder} belongs to user ${String(owner.uid)}: run Confab as that user, not as ` +
    `${String(own.uid)}.`
  )
}

/** Makes the folder under another name first: it is there whole or not at all. */
async function createCluster (
  dataDir: string,
  binaries: PostgresBinaries,
  options: InitializeOptions
): Promise<Cluster> {
  const own = currentUser()
  const parents = [{ parent: dataDir, notice: undefined }, ...(own.uid === 0 ? [sharedParent(dataDir)] : [])]
  for (const { parent, notice } of parents) {
    const fresh = await makeFreshFolder(parent)
    const identity = await findIdentity(binaries.postgres, fresh, await ownersOf(dataDir), ({ uid, gid }) =>
      chown(fresh, uid, gid)
    )
    if (identity === undefined) {
      await rm(fresh, { recursive: true })
      continue
    }
    const folder = path.join(parent, CLUSTER_NAME)
    await initialize(fresh, identity, binaries, options)
    await rename(fresh, folder)
    await syncFolder(parent)
    if (parent !== dataDir) await symlink(folder, path.join(dataDir, CLUSTER_NAME))
    return { folder, identity, ...(notice !== undefined && { notice }) }
  }
  throw new EmbeddedStoreError(
    'Postgres does not run as root, and there is no other user that it could run as here: run Confab as another ' +
    'user, or set DATABASE_URL.'
  )
}

/** Has the names in a folder outlive a power cut. */
async function syncFolder (folder: string): Promise<void> {
  const handle = await open(folder)
  await handle.sync().finally(() => handle.close())
}

function sharedParent (dataDir: string) {
  const name = createHash('sha256').update(dataDir).digest('hex').slice(0, 16)
  const parent = path.join(SHARED_ROOT, name)
  return {
    parent,
    notice: `Postgres does not run as root, and no other user can reach ${dataDir}: the embedded store is in ${parent}`
  }
}

async function makeFreshFolder (parent: string): Promise<string> {
  await mkdir(parent, { recursive: true, mode: PASSABLE })
  const fresh = path.join(parent, `${CLUSTER_NAME}.new`)
  // Left behind by a start that did not come to its end.
  await rm(fresh, { recursive: true, force: true })
  await mkdir(fresh, { mode: PRIVATE })
  return fresh
}

/** The owners of a folder and of those above it: each may be able to go through those that belong to it. */
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
