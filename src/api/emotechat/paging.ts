/** Pages by number: `page` and `page_size` of a query, and the `pagination` of an answer. */
import Type, { type Static } from 'typebox'
import { ChatError } from '../../domain/errors.ts'

const DEFAULT_PAGE_SIZE = 30
const MAX_PAGE_SIZE = 100

/** The query of a list; see {@link readPage} for what the texts may be. */
export const PageQuery = Type.Object({ page: Type.Optional(Type.Unknown()), page_size: Type.Optional(Type.Unknown()) })

/** The same in the words of a schema. */
export const DescribedPageQuery = Type.Object({
  page: Type.Integer({ minimum: 1, default: 1, description: 'Which page; one past the end is an empty list.' }),
  page_size: Type.Integer({
    minimum: 1,
    maximum: MAX_PAGE_SIZE,
    default: DEFAULT_PAGE_SIZE,
    description: 'How many to a page.'
  })
})

/** The part of an answer that describes the whole list. */
export const PaginationSchema = Type.Object(
  {
    current_page: Type.Integer({ minimum: 1 }),
    page_size: Type.Integer({ minimum: 1, maximum: MAX_PAGE_SIZE }),
    total_pages: Type.Integer({ minimum: 0 }),
    total_count: Type.Integer({ minimum: 0 })
  },
  { title: 'Pagination' }
)

/** Of a list that has one page. */
export const EXAMPLE_PAGINATION = { current_page: 1, page_size: DEFAULT_PAGE_SIZE, total_pages: 1, total_count: 1 }

/** A requested page. */
export type Page = { page: number, pageSize: number }

/** Reads the requested page; by default the first of 30. @throws {ChatError} `invalid_input` */
export function readPage ({ page, page_size: pageSize }: Static<typeof PageQuery>): Page {
  return {
    page: readInteger('page', page, 1, Number.MAX_SAFE_INTEGER),
    pageSize: readInteger('page_size', pageSize, DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)
  }
}

function readInteger (field: string, text: unknown, byDefault: number, maximum: number): number {
  if (text === undefined) return byDefault
  const value = typeof text === 'string' && /^[1-9][0-9]*$/.test(text) ? Number(text) : NaN
  if (!(value <= maximum))
    throw new ChatError('invalid_input', `The field "${field}" must be an integer from 1 to ${String(maximum)}.`)
  return value
}

/** The items of a page, as the domain counts them. */
export function rangeOf ({ page, pageSize }: Page): { offset: number, limit: number } {
  return { offset: (page - 1) * pageSize, limit: pageSize }
}

/** See {@link PaginationSchema}. */
export function paginationOf ({ page, pageSize }: Page, totalCount: number): Static<typeof PaginationSchema> {
  return {
    current_page: page,
    page_size: pageSize,
    total_pages: Math.ceil(totalCount / pageSize),
    total_count: totalCount
  }
}
