/** Posting with so many posts unanswered at most, and what came of it. */
import type { ChatClient } from './chat-client.ts'
import { integerAt } from '../data/json.ts'
import type { Frame } from './socket.ts'

/** What is posted. */
export type PostDraft = { text: string, clientMessageID?: string }
/** An acknowledged post. */
export type AckedPost = PostDraft & { seq: number, messageID: number, duplicate: boolean }
/** What came of posts: each is in one of the two lists, in the order of the answers. */
export type PostResults = { acked: AckedPost[], refused: { post: PostDraft, answer: Frame }[] }

/** How to post. */
export type LoadOptions = {
  /** Posts that may be unanswered. */
  window: number
  /** Called with every answer. */
  onAnswer?: () => void
}

/** Posts in order, through one socket. */
export async function postAll (
  client: ChatClient,
  chatID: number,
  posts: Iterable<PostDraft>,
  { window, onAnswer }: LoadOptions
): Promise<PostResults> {
  const results: PostResults = { acked: [], refused: [] }
  const iterator = posts[Symbol.iterator]()
  const postNext = async (): Promise<void> => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
      const post = next.value
      const answer = await client.request({ type: 'post_msg', chatID, ...post })
      if (answer['type'] === 'ack')
        results.acked.push({
          ...post,
          seq: integerAt(answer, 'seq'),
          messageID: integerAt(answer, 'messageID'),
          duplicate: answer['duplicate'] === true
        })
      else results.refused.push({ post, answer })
      onAnswer?.()
    }
  }
  await Promise.all(Array.from({ length: window }, postNext))
  return results
}

/** Posting without an end, until it is told to stop. */
export class EndlessLoad {
  /** How many posts each writer has sent. */
  readonly sent: number[]
  readonly #results: Promise<PostResults[]>
  #isOver = false

  /**
   * @param draft what the writer of that number posts next; by default {@link numbered} texts of "writer-0", "writer-1"
   * …
   */
  constructor (
    writers: readonly ChatClient[],
    chatID: number,
    window: number,
    draft = (writer: number, index: number): PostDraft => ({ text: `${writerName(writer)} ${String(index)}` })
  ) {
    this.sent = writers.map(() => 0)
    this.#results = Promise.all(
      writers.map((client, writer) => postAll(client, chatID, this.#posts(writer, draft), { window }))
    )
    // Whoever stops it hears of it.
    this.#results.catch(() => undefined)
  }

  /** Sends no more, and waits for the answers. @returns what came of each writer's posts */
  async stop (): Promise<PostResults[]> {
    this.#isOver = true
    return this.#results
  }

  * #posts (writer: number, draft: (writer: number, index: number) => PostDraft): Generator<PostDraft> {
    for (let index = 0; !this.#isOver; index++) {
      this.sent[writer] = index + 1
      yield draft(writer, index)
    }
  }
}

/** The name of a writer in the texts that it posts. */
export function writerName (writer: number): string {
  return `writer-${String(writer)}`
}

/** Texts that tell who posted them and in which order: "ann 0", "ann 1" … */
export function numbered (author: string, count: number): PostDraft[] {
  return Array.from({ length: count }, (_, index) => ({ text: `${author} ${String(index)}` }))
}

/**
 * What is wrong with the order of {@link numbered} texts; undefined when each author's are all there, in order, once.
 */
export function complaintAboutOrder (
  texts: readonly string[],
  counts: ReadonlyMap<string, number>
): string | undefined {
  const next = new Map([...counts.keys()].map((author) => [author, 0]))
  for (const text of texts) {
    const [author = '', number = ''] = text.split(' ')
    const expected = next.get(author)
    if (expected !== Number(number)) return `${text} came in the place of number ${String(expected)}`
    next.set(author, expected + 1)
  }
  const short = [...counts].find(([author, count]) => next.get(author) !== count)
  return short === undefined
    ? undefined
    : `of ${short[0]}'s ${String(short[1])} texts ${String(next.get(short[0]))} came`
}
