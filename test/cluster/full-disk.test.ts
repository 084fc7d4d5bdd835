import { sql } from 'drizzle-orm'
import t from '../support/tap.ts'
import { startChat } from '../support/data/accounts.ts'
import { onServices } from '../support/servers/deployments.ts'
import { ChatClient } from '../support/clients/chat-client.ts'

await onServices(
  t,
  async (t, cluster) => {
    await t.test(
      'a post that finds the disk of Postgres full is kept, and stored when there is room again',
      async (t) => {
        const { ann, chatID } = await startChat(cluster)
        await cluster.orm.execute(sql`create sequence attempts`)
        // An insert that is rolled back leaves its mark in a sequence.
        await cluster.orm.execute(sql`
      create function refuse () returns trigger language plpgsql as $$ begin
        if nextval('attempts') <= 3 then raise exception 'could not extend file' using errcode = 'disk_full'; end if;
        return new;
      end $$`)
        await cluster.orm.execute(
          sql`create trigger refuse before insert on messages for each row execute function refuse()`
        )
        const client = await ChatClient.open(t, cluster.replica(0), ann.accessToken)
        const answer = await client.request({ type: 'post_msg', chatID, text: 'patience', clientMessageID: 'p-1' })
        t.hasStrict(answer, { type: 'ack', seq: 1 })
        const [row] = await cluster.orm.select({ attempts: sql<number>`last_value::int` }).from(sql`attempts`)
        t.equal(row?.attempts, 4, 'it was tried four times')
      }
    )
  },
  { inspectable: true }
)
