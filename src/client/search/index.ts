/** Search in messages. */
export type { GetToken } from '../tokens.ts'
export { ConfabProblem } from '../problem.ts'
export type { Message } from '../types.ts'
export {
  ConfabSearch, type Highlight, type SearchFilter, type SearchOptions, type SearchPage, type SearchResult,
  splitHighlights
} from './search.ts'
