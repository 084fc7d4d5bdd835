import t from '../support/tap.ts'
import { JWT_SECRET, startCluster } from '../support/servers/cluster.ts'
import { webhookDeliveries } from '../../src/store/schema.ts'
import { createStore, openDatabase } from '../support/servers/database.ts'
import { engineUrl } from '../support/servers/engine.ts'
import { runConfab } from '../support/servers/program.ts'
import { startReceiver, verified } from '../support/servers/receiver.ts'

t.setTimeout(120_000)

await t.test('an operator makes, lists, tests and deletes a webhook', async (t) => {
  const withoutKey = { DATABASE_URL: await createStore(t, engineUrl()), WEBHOOK_PRIVATE_ADDRESSES: 'on' }
  const environment = { ...withoutKey, JWT_SECRET }
  await startCluster(t, { environment })
  const receiver = await startReceiver(t)
  const confab = async (...parameters: string[]) => runConfab(['webhooks', ...parameters], environment)
  t.match(await confab('list'), { code: 0, stdout: 'There is no webhook.\n' })
  const made = await confab(
    'create', '--url', receiver.url, '--events', 'message.created, message.edited', '--chat-types', 'group',
    '--name', 'the shop'
  )
  t.match(made, { code: 0, stderr: '', stdout: /^wh_[0-9a-f]{24}\twhsec_[\w+/]{32}\n$/ })
  const [id = '', secret = ''] = made.stdout.trim().split('\t')
  t.match(await confab('list'), {
    code: 0, stdout: `${id}\ton\tmessage.created,message.edited\tgroup\t${receiver.url}\tthe shop\n`
  })
  t.match(await confab('test', id), { code: 0, stdout: /^It answered 204 after \d+ ms\.\n$/ })
  const [request] = receiver.requests
  t.match(request && verified(secret, request), { type: 'webhook.test' })

  const rotated = (await confab('rotate-secret', id)).stdout.trim()
  receiver.answer = (_request, response) => void response.writeHead(500).end()
  t.match(await confab('test', id), { code: 1, stdout: /^It answered 500/ })
  const [, second] = receiver.requests
  for (const one of [secret, rotated]) t.match(second && verified(one, second), { type: 'webhook.test' })

  t.match(await confab('deliveries', id), { code: 0, stdout: 'There are no deliveries.\n' })
  t.match(await confab('replay', id, '--status', 'dead'), { code: 0, stdout: '0 to be sent again.\n' })
  const { orm } = await openDatabase(t, withoutKey.DATABASE_URL)
  await orm.insert(webhookDeliveries).values({
    webhookId: id, messageId: 'msg_1', type: 'chat.created', status: 'dead', position: 1, attempts: 10, chatId: 1,
    durationMs: 1, error: 'It did not answer.'
  })
  t.match(await confab('deliveries', id, '--status', 'dead'), {
    code: 0, stdout: /^msg_1\tchat\.created\tdead\t10\t\S+Z\tIt did not answer\.\n$/
  })
  t.match(await confab('replay', id, '--status', 'dead'), { code: 0, stdout: '1 to be sent again.\n' })
  t.match(await confab('replay', id, '--status', 'lost'), { code: 1, stderr: /The status is one of/ })

  t.match(await confab('delete', id), { code: 0, stdout: 'The webhook is deleted.\n' })
  t.match(await confab('delete', id), { code: 1, stderr: /There is no such webhook/ })
  const cases: [parameters: string[], words: RegExp][] = [
    [['create', '--url', 'nonsense'], /The URL is not valid/],
    [['create', '--url', receiver.url, '--events', 'x'], /There is no event "x"/],
    [['test', 'wh_1'], /There is no such webhook/]
  ]
  for (const [parameters, words] of cases) t.match(await confab(...parameters), { code: 1, stderr: words })
  t.match(await runConfab(['webhooks', 'list'], withoutKey), { code: 1, stderr: /JWT_SECRET is not set/ })
})
