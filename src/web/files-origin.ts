/** Where the files of messages are, for the policy of the page. */

/** The settings of files that matter for it. */
type Settings = {
  origin: string | undefined
  storage: { kind: 'off' | 'disk' } | { kind: 's3', endpoint: string, bucket: string, isPathStyle: boolean }
}

/** The origin to which files are sent and from which they are downloaded; undefined if it is that of the page. */
export function filesOrigin ({ origin, storage }: Settings): string | undefined {
  if (storage.kind !== 's3') return origin
  const url = new URL(origin ?? storage.endpoint)
  if (!storage.isPathStyle) url.host = `${storage.bucket}.${url.host}`
  return url.origin
}
