/** Waiting with a time limit. */

/**
 * Returns the promise's result if it settles in time; the work behind it continues in any case.
 * @param ms time limit in milliseconds
 * @throws the error of the promise, or `late` when it takes longer
 */
export async function withDeadline<Result> (promise: Promise<Result>, ms: number, late: Error): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_resolve, reject) => { timer = setTimeout(() => reject(late), ms) })
  return Promise.race([promise, deadline]).finally(() => clearTimeout(timer))
}
