/** Things that are done together. */

/** Ids of one frame. */
const MAX_PER_FRAME = 1_000

/** Makes a function that calls another one at the end of the turn, once, however often it was called itself. */
export function atEndOfTurn (act: () => void): () => void {
  let isDue = false
  return () => {
    if (isDue) return
    isDue = true
    queueMicrotask(() => {
      isDue = false
      act()
    })
  }
}

/** Divides a list into parts that fit into a frame. */
export function inBatches<Item> (items: readonly Item[]): Item[][] {
  return Array.from({ length: Math.ceil(items.length / MAX_PER_FRAME) }, (_, index) =>
    items.slice(index * MAX_PER_FRAME, (index + 1) * MAX_PER_FRAME))
}
