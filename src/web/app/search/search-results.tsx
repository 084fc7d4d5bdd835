/** The messages that were found. */
import type { RefObject } from 'preact'
import type { SearchResult } from '../../../client/search/index.ts'
import { Avatar } from '../design/avatar.tsx'
import { Button } from '../design/button.tsx'
import { EmptyState } from '../design/empty-state.tsx'
import { Icon } from '../design/icon.tsx'
import { Spinner } from '../design/spinner.tsx'
import { useSession } from '../session/context.ts'
import { addressOf, goTo } from '../shell/routes.ts'
import { chatName } from '../state/chats.ts'
import { contentWord } from '../state/contents.ts'
import { useLive } from '../state/live.ts'
import { useName } from '../state/people.ts'
import { withoutMarks } from '../timeline/plain-text.ts'
import { shortTime } from '../words/dates.ts'
import { words } from '../words/more.ts'
import { codeOf, problemText } from '../words/problems.ts'
import { excerptOf, placeOf } from './query.ts'
import type { Results } from './use-results.ts'

/** So near to the end more are loaded, in pixels. */
const NEAR_PX = 400

/** Properties of {@link SearchResults}. */
export type SearchResultsProps = {
  results: Results
  list: RefObject<HTMLDivElement | null>
  onMore: () => void
  onRetry: () => void
  /** The arrow up at the first result leads here. */
  onLeave: () => void
}

/** The list, or why there is none. */
export function SearchResults ({ results, list, onMore, onRetry, onLeave }: SearchResultsProps) {
  const { items, next, isSimilar, isLoading, problem } = results
  const { search } = words.value
  const onScroll = ({ currentTarget: { scrollTop, scrollHeight, clientHeight } }: { currentTarget: HTMLElement }) => {
    if (scrollHeight - scrollTop - clientHeight < NEAR_PX) onMore()
  }
  const move = (event: KeyboardEvent) => moveInResults(event, onLeave)
  return (
    <div class='search-results' ref={list} onScroll={onScroll} onKeyDown={move}>
      <p role='status' class={isSimilar ? 'search-note' : 'unseen'}>
        {isLoading && items === null
          ? search.searching
          : isSimilar ? search.similar : items === null ? '' : search.found(items.length, next !== null)}
      </p>
      {items === null && problem === null && (isLoading
        ? <div class='centred'><Spinner label={search.searching} /></div>
        : <EmptyState icon='search' title={search.start} lead={search.startLead} />)}
      {items?.length === 0 && problem === null && (
        <EmptyState icon='search' title={search.nothing} lead={search.nothingLead} />
      )}
      {items !== null && items.length > 0 && (
        <ul aria-label={search.results}>
          {items.map((result) => (
            <li key={`${result.chat.id} ${String(result.message.seq)}`}><ResultRow result={result} /></li>
          ))}
        </ul>
      )}
      {isLoading && items !== null && <div class='centred'><Spinner label={search.searching} /></div>}
      {problem !== null && <SearchProblem problem={problem} onRetry={onRetry} />}
    </div>
  )
}

function SearchProblem ({ problem, onRetry }: { problem: unknown, onRetry: () => void }) {
  const { search, retry } = words.value
  if (codeOf(problem) === 'search_off') return <EmptyState icon='search' title={search.off} lead={search.offLead} />
  return (
    <EmptyState icon='warning' title={problemText(problem)}>
      <Button kind='second' onClick={onRetry}>{retry}</Button>
    </EmptyState>
  )
}

function ResultRow ({ result }: { result: SearchResult }) {
  const { client } = useSession()
  const { message, chat } = result
  const { search, people } = words.value
  const known = useLive(client.chats).items.find(({ id }) => id === chat.id)
  const author = useName(message.author)
  const chatTitle = known === undefined ? chat.id : chatName(known)
  const place = placeOf(result)
  const pieces = excerptOf(result)
  return (
    <a
      class='result' href={addressOf(place)} onClick={(event) => {
        event.preventDefault()
        goTo(place)
      }}
    >
      <Avatar id={chat.id} name={chatTitle} picture={known?.avatar ?? null} />
      <span class='chat-text'>
        <span class='chat-line'>
          <span class='chat-name cut' dir='auto'>{chatTitle}</span>
          <time class='chat-time' dateTime={message.created_at}>{shortTime(message.created_at)}</time>
        </span>
        <span class='result-text' dir='auto'>
          <span class='chat-author'>{message.author === client.user ? people.you : author}: </span>
          {pieces.length === 0 && contentWord(message)}
          {pieces.map(({ text, isMatch }, index) => isMatch ? <mark key={index}>{text}</mark> : withoutMarks(text))}
        </span>
        {message.attachments.map(({ name }, index) => (
          <span key={index} class='result-note'><Icon name='paperclip' class='small' />{name}</span>
        ))}
        {message.parent !== null && (
          <span class='result-note'><Icon name='thread' class='small' />{search.reply}</span>
        )}
      </span>
    </a>
  )
}

/** Moves the focus between the results. */
function moveInResults (event: KeyboardEvent, onLeave: () => void): void {
  const { currentTarget, target, key } = event
  if (!(currentTarget instanceof HTMLElement) || !(target instanceof HTMLElement)) return
  const links = [...currentTarget.querySelectorAll<HTMLElement>('a.result')]
  const index = links.findIndex((link) => link === target)
  const next = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: links.length - 1 }[key]
  if (index < 0 || next === undefined) return
  event.preventDefault()
  if (next < 0) onLeave()
  else links[Math.min(next, links.length - 1)]?.focus()
}
