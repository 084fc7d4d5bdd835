/** The package has no types of its own. */
declare module 'cluster-key-slot' {
  /** The slot, 0 to 16383, that a Redis Cluster keeps a key or a sharded channel in. */
  export default function calculateSlot (key: string): number
}
