/** Where unsent messages are kept, so that they outlive the page. */

/** Keeps JSON by keys. Your own adapter may use whatever the platform has. */
export type Storage = {
  /** Returns the values whose keys begin so, in the order of the keys. */
  list: (prefix: string) => Promise<unknown[]>
  put: (key: string, value: unknown) => Promise<void>
  remove: (key: string) => Promise<void>
}

/** Keeps them as long as the program runs. */
export class MemoryStorage implements Storage {
  readonly #values = new Map<string, unknown>()

  async list (prefix: string): Promise<unknown[]> {
    const entries = [...this.#values].filter(([key]) => key.startsWith(prefix))
    return entries.sort(([one], [other]) => (one < other ? -1 : 1)).map(([, value]) => value)
  }

  async put (key: string, value: unknown): Promise<void> {
    this.#values.set(key, value)
  }

  async remove (key: string): Promise<void> {
    this.#values.delete(key)
  }
}

const STORE = 'values'

// The parts of IndexedDB that are used here: the types of browsers are not those of every program. A request has an
// `error` once it has failed.
type Request<Result> = { readonly result: Result, readonly error: Error } &
  { onsuccess: (() => void) | null, onerror: (() => void) | null }
type Store = {
  getAll: (range: unknown) => Request<unknown[]>
  put: (value: unknown, key: string) => Request<unknown>
  delete: (key: string) => Request<unknown>
}
type Database = {
  createObjectStore: (name: string) => unknown
  transaction: (name: string, mode: 'readonly' | 'readwrite') => {
    objectStore: (name: string) => Store
    commit?: () => void
  }
}
declare const indexedDB:
  | { open: (name: string, version: number) => Request<Database> & { onupgradeneeded: (() => void) | null } }
  | undefined
declare const IDBKeyRange: { bound: (lower: string, upper: string) => unknown }

/** Keeps them in the IndexedDB of a browser; where there is none, as long as the program runs. */
export function browserStorage (name = 'confab'): Storage {
  if (typeof indexedDB === 'undefined') return new MemoryStorage()
  const idb = indexedDB
  let opened: Promise<Database> | undefined
  const open = () => {
    const request = idb.open(name, 1)
    request.onupgradeneeded = () => {
      request.result.createObjectStore(STORE)
    }
    return settled(request)
  }
  const within = async <Result> (mode: 'readonly' | 'readwrite', act: (store: Store) => Request<Result>) => {
    const transaction = (await (opened ??= open())).transaction(STORE, mode)
    const request = act(transaction.objectStore(STORE))
    // Otherwise the page would commit once it hears of the success, which one that is left does not.
    transaction.commit?.()
    return settled(request)
  }
  return {
    list: (prefix) => within('readonly', (store) => store.getAll(IDBKeyRange.bound(prefix, `${prefix}\uffff`))),
    put: async (key, value) => {
      await within('readwrite', (store) => store.put(value, key))
    },
    remove: async (key) => {
      await within('readwrite', (store) => store.delete(key))
    }
  }
}

function settled<Result> (request: Request<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}
