/** Waiting no longer than that. */

/**
 * The promise's result, if it comes in time; what is waited for goes on all the same.
 * @param ms how long it may take, in milliseconds
 * @throws what the promise throws, or `late` when it takes longer
 */
export async function withDeadline<Result> (promise: Promise<Result>, ms: number, late: Error): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_resolve, reject) => { timer = setTimeout(() => reject(late), ms) })
  return Promise.race([promise, deadline]).finally(() => clearTimeout(timer))
}
