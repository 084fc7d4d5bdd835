/** `/v1/reports` and `/v1/moderation/reports`: what users report, and what moderators decide. */
import Type from 'typebox'
import { ChatError } from '../../domain/errors.ts'
import { json } from '../http/answers.ts'
import { servicesOf } from '../http/idempotency.ts'
import { requireCaller } from '../http/principals.ts'
import { limitedAs } from '../http/quotas.ts'
import type { Scope } from '../http/scope.ts'
import { callerOf, userCallerOf } from './caller.ts'
import { DESCRIBED_PAGE_QUERY, IdPosition, PAGE_QUERY, pageSchema, Paging } from './cursor.ts'
import { conditionOf, etagOf, IF_MATCH } from './etag.ts'
import {
  DecisionBody, encodeReport, EXAMPLE_REPORT, ReceiptSchema, ReportBody, ReportSchema, Status
} from './report.ts'
import { MODERATION } from './tags.ts'

const ListPath = '/moderation/reports'
const OnePath = `${ListPath}/:report`
const MAX_ID_LENGTH = 64

const Params = Type.Object({ report: Type.String({ maxLength: 16, description: 'The id of the report.' }) })
const FILTER = {
  chat: Type.Optional(Type.String({ maxLength: MAX_ID_LENGTH, description: 'Those of this chat.' })),
  status: Type.Optional(Status),
  user: Type.Optional(Type.String({ maxLength: MAX_ID_LENGTH, description: 'Those about this user.' }))
}
const EXAMPLE_RECEIPT = { id: '17', created_at: '2026-11-28T10:15:04.512Z' }
const paging = new Paging(IdPosition)

/** Adds the routes. */
export default async function reports (app: Scope): Promise<void> {
  await app.register(async (scope) => {
    requireCaller(scope, { user: true, key: 'moderation:read' })
    list(scope)
    getOne(scope)
  })
  await app.register(async (scope) => {
    requireCaller(scope, { user: true, key: 'moderation:write' })
    report(scope)
    decide(scope)
  })
}

/** The number of a report. @throws {ChatError} `unknown_report` for what can be none */
function reportIdOf ({ report: text }: { report: string }): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new ChatError('unknown_report')
  return Number(text)
}

function report (app: Scope): void {
  app.post(
    '/reports',
    {
      config: {
        ...limitedAs('reports'),
        errors: [
          'invalid_input', 'unknown_chat', 'unknown_message', 'unknown_user', 'forbidden', 'user_required',
          'insufficient_scope'
        ]
      },
      schema: {
        operationId: 'createReport',
        tags: [MODERATION],
        summary: 'Report a message or a user',
        description:
          'A message by `chat` and `seq`, or a `user`, with the `chat` for what they do there. Those who moderate ' +
          'the chat see it, and operators; the one who is reported does not. The same again, while the report is ' +
          'open, replaces what you have said.',
        body: ReportBody,
        response: {
          200: json('You had reported that already.', ReceiptSchema, EXAMPLE_RECEIPT),
          201: json('It is reported.', ReceiptSchema, EXAMPLE_RECEIPT)
        }
      }
    },
    async (request, reply) => {
      const { text = '', ...target } = request.body
      const made = await servicesOf(request).reports.report(userCallerOf(request), { ...target, text })
      const { id, createdAt, isNew } = made
      return reply.code(isNew ? 201 : 200).send({ id: String(id), created_at: createdAt.toISOString() })
    }
  )
}

function list (app: Scope): void {
  app.get(
    ListPath,
    {
      config: {
        errors: [
          'invalid_input', 'unknown_chat', 'unknown_user', 'forbidden', 'not_an_operator', 'insufficient_scope'
        ],
        described: { query: Type.Object({ ...DESCRIBED_PAGE_QUERY, ...FILTER }) }
      },
      schema: {
        operationId: 'listReports',
        tags: [MODERATION],
        summary: 'List reports',
        description:
          'The newest first. Of a `chat` for those who have `moderate` there; of all chats for operators and API ' +
          'keys. Reports about you are left out.',
        querystring: Type.Object({ ...PAGE_QUERY, ...FILTER }, { additionalProperties: false }),
        response: {
          200: json('A page of reports.', Type.Object(pageSchema(ReportSchema)), {
            items: [EXAMPLE_REPORT], next: null, prev: null
          })
        }
      }
    },
    async (request) => {
      const { chat, status, user, ...query } = request.query
      const name = `reports ${JSON.stringify([chat, status, user])}`
      const page = paging.read(query, name)
      const rows = await app.services.reports.list(callerOf(request), { chat, status, user }, page)
      return paging.page(page, name, rows, { positionOf: ({ id }) => id, encode: encodeReport })
    }
  )
}

function getOne (app: Scope): void {
  app.get(
    OnePath,
    {
      config: { errors: ['unknown_report', 'insufficient_scope'] },
      schema: {
        operationId: 'getReport',
        tags: [MODERATION],
        summary: 'Get a report',
        description: 'For those who have `moderate` in its chat, operators and API keys.',
        params: Params,
        response: { 200: json('The report.', ReportSchema, EXAMPLE_REPORT) }
      }
    },
    async (request, reply) => {
      const found = await app.services.reports.find(callerOf(request), reportIdOf(request.params))
      return reply.header('etag', etagOf(found.version)).send(encodeReport(found))
    }
  )
}

function decide (app: Scope): void {
  app.patch(
    OnePath,
    {
      config: {
        ...limitedAs('members'), errors: ['invalid_input', 'unknown_report', 'version_conflict', 'insufficient_scope']
      },
      schema: {
        operationId: 'decideReport',
        tags: [MODERATION],
        summary: 'Decide on a report, or open it again',
        description: 'For those who have `moderate` in its chat, operators and API keys.',
        params: Params,
        headers: Type.Object(IF_MATCH),
        body: DecisionBody,
        response: { 200: json('The report.', ReportSchema, { ...EXAMPLE_REPORT, status: 'resolved' }) }
      }
    },
    async (request, reply) => {
      const id = reportIdOf(request.params)
      const decided = await servicesOf(request).reports.decide(
        callerOf(request), id, request.body, conditionOf(request)
      )
      return reply.header('etag', etagOf(decided.version)).send(encodeReport(decided))
    }
  )
}
