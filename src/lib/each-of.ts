/** Work on many things, some of them at a time. */

/** Does work on each item, so many at a time. After an error no more are begun. @throws the first error */
export async function eachOf<Item> (
  items: Iterable<Item>, concurrency: number, work: (item: Item) => Promise<void>
): Promise<void> {
  const iterator = items[Symbol.iterator]()
  let hasFailed = false
  const worker = async () => {
    for (let next = iterator.next(); next.done !== true && !hasFailed; next = iterator.next()) {
      try {
        await work(next.value)
      } catch (error) {
        hasFailed = true
        throw error
      }
    }
  }
  const results = await Promise.allSettled(Array.from({ length: concurrency }, worker))
  for (const result of results) if (result.status === 'rejected') throw result.reason
}
