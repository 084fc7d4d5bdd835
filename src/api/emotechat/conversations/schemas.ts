/** A chat as this dialect shows it. */
import Type from 'typebox'

const Id = Type.Integer({ minimum: 1 })

/** A chat of the caller with what is new in it. */
export const ConversationSchema = Type.Object(
  {
    id: Id,
    type: Type.Literal('direct'),
    name: Type.String({ description: 'What the other user is called.' }),
    participants: Type.Array(Type.Object({ id: Id, name: Type.String(), username: Type.String() }), {
      description: 'Who is in it now, the caller included.'
    }),
    last_message: Type.Union(
      [
        Type.Object({ id: Id, sender_id: Id, message: Type.String(), timestamp: Type.String({ format: 'date-time' }) }),
        Type.Null()
      ],
      { description: 'The newest that the caller may see.' }
    ),
    unread_count: Type.Integer({
      minimum: 0,
      description: 'Messages that the history has not handed out and that precede none of the caller\'s own.'
    }),
    updated_at: Type.String({ format: 'date-time' })
  },
  { title: 'Conversation' }
)
