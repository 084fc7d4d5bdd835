/** A storage of files whose work is counted as metrics. */
import type { FileEvent, Metrics } from '../observability/metrics/metrics.ts'
import { type FileStorage, type ServerTransfer, StorageError } from './files.ts'

/** Wraps a storage; what it has done is counted, and what it could not do because it failed. */
export function withMetrics (storage: FileStorage, { fileEvents }: Metrics): FileStorage {
  const counted = <Parameters extends unknown[], Result> (
    event: FileEvent | undefined,
    work: (...parameters: Parameters) => Promise<Result>
  ) => async (...parameters: Parameters): Promise<Result> => {
    try {
      const result = await work(...parameters)
      if (event !== undefined) fileEvents.add(event)
      return result
    } catch (error) {
      if (error instanceof StorageError) fileEvents.add('failed')
      throw error
    }
  }
  const overServer = ({ receive, open }: ServerTransfer): ServerTransfer => ({
    kind: 'server', receive: counted('received', receive), open: counted('opened', open)
  })
  const { transfer } = storage
  return {
    description: storage.description,
    transfer: transfer.kind === 'server' ? overServer(transfer) : transfer,
    findUpload: counted(undefined, storage.findUpload),
    readUpload: counted(undefined, storage.readUpload),
    keep: counted('kept', storage.keep),
    readContent: counted(undefined, storage.readContent),
    writeContent: counted('kept', storage.writeContent),
    remove: counted('removed', storage.remove),
    removeLeftovers: counted(undefined, storage.removeLeftovers)
  }
}
