import stylistic from '@stylistic/eslint-plugin'
import tseslint from 'typescript-eslint'

/** The import arrow: dialects → domain → { store, bus, mail }; the way back is bus → realtime → dialect → socket. */
const arrow = (files, group, message) => ({
  files,
  rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns: [{ group, message }] }] }
})

const DRIZZLE = 'drizzle-orm*'
const STORE = ['postgres', DRIZZLE, '@electric-sql/*', '**/store/**']
const PROMETHEUS = 'prom-client'
const OTEL = '@opentelemetry/*'
const HTTP = ['fastify', 'fastify/*', '@fastify/*', 'fastify-plugin', 'ws']

export default tseslint.config(
  { ignores: ['dist/', 'dist-bench/', 'dist-test/', 'node_modules/', '.tap/', 'data/', 'coverage/'] },
  ...tseslint.configs.strictTypeChecked,
  stylistic.configs.customize({ indent: 2, quotes: 'single', semi: false, commaDangle: 'never', braceStyle: '1tbs' }),
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['eslint.config.js', 'build.js', 'drizzle/config.ts'] }, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@stylistic/space-before-function-paren': ['error', 'always'],
      '@stylistic/max-statements-per-line': ['error', { max: 2 }],
      '@stylistic/operator-linebreak': ['error', 'after', { overrides: { '?': 'before', ':': 'before', '|': 'before' } }],
      '@stylistic/multiline-ternary': 'off',
      '@stylistic/quote-props': ['error', 'as-needed'],
      '@stylistic/arrow-parens': ['error', 'always'],
      '@stylistic/member-delimiter-style': ['error', { multiline: { delimiter: 'none' }, singleline: { delimiter: 'comma' } }],
      '@stylistic/generator-star-spacing': ['error', 'both'],
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-floating-promises': ['error', {
        allowForKnownSafePromises: [{ from: 'package', name: 'PromiseWithSubtest', package: '@tapjs/core' }]
      }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': ['error', {
        selector: 'CallExpression[callee.object.name=\'sql\'][callee.property.name=\'raw\']',
        message: 'Values reach SQL as bound parameters only.'
      }],
      'no-restricted-properties': ['error', { object: 'process', property: 'env', message: 'src/config/ is the only reader of the environment.' }]
    }
  },
  { files: ['src/main.ts', 'src/cli.ts', 'src/demo/main.ts', 'drizzle/config.ts', 'test/**', 'bench/**'], rules: { 'no-restricted-properties': 'off' } },
  { files: ['test/**', 'bench/**'], rules: { 'max-lines-per-function': 'off' } },
  { files: ['**/*.js'], extends: [tseslint.configs.disableTypeChecked] },
  arrow(['src/domain/**'], [...HTTP, PROMETHEUS, OTEL, 'ioredis', 'postgres', DRIZZLE, '@electric-sql/*', 'nodemailer', 'resend', '**/dialects/**', '**/realtime/**', '**/plugins/**', '**/config/**'], 'The domain knows its ports only.'),
  arrow(['src/store/**'], [...HTTP, PROMETHEUS, OTEL, 'ioredis', '**/dialects/**', '**/realtime/**', '**/plugins/**', '**/bus/**', '**/mail/**', '**/config/**', '**/domain/**'], 'The store knows the database only.'),
  arrow(['src/bus/**'], [...HTTP, PROMETHEUS, OTEL, 'postgres', DRIZZLE, '**/dialects/**', '**/realtime/**', '**/plugins/**', '**/store/**', '**/mail/**', '**/config/**', '**/domain/**'], 'The bus carries bytes only.'),
  arrow(['src/rates/**'], [...HTTP, PROMETHEUS, OTEL, ...STORE, '**/dialects/**', '**/realtime/**', '**/plugins/**', '**/bus/**', '**/mail/**', '**/config/**', '**/domain/**'], 'Rates count, and know nothing of what.'),
  arrow(['src/config/**'], [...HTTP, PROMETHEUS, OTEL, 'ioredis', 'postgres', DRIZZLE, '@electric-sql/*', '**/dialects/**', '**/realtime/**', '**/plugins/**', '**/mail/**', '**/domain/**'], 'The configuration starts nothing.'),
  arrow(['src/mail/**'], [...HTTP, PROMETHEUS, OTEL, 'ioredis', 'postgres', DRIZZLE, '**/dialects/**', '**/realtime/**', '**/plugins/**', '**/bus/**', '**/domain/**'], 'Mail knows its transports and its outbox only.'),
  arrow(['src/realtime/**'], [PROMETHEUS, OTEL, 'fastify', 'fastify/*', '@fastify/*', 'ioredis', 'postgres', DRIZZLE, '**/dialects/**', '**/plugins/**', '**/config/**'], 'The hub knows neither a dialect nor an adapter.'),
  arrow(['src/tracing/**'], [...HTTP, PROMETHEUS, ...STORE, 'ioredis', '**/domain/**', '**/realtime/**', '**/dialects/**', '**/plugins/**', '**/bus/**', '**/rates/**', '**/mail/**', '**/config/**'], 'Spans know nothing of what they tell.'),
  arrow(['src/metrics/**'], [...HTTP, OTEL, ...STORE, 'ioredis', '**/domain/**', '**/realtime/**', '**/dialects/**', '**/plugins/**', '**/bus/**', '**/rates/**', '**/mail/**', '**/config/**'], 'Metrics are numbers, and know nothing of what they count.'),
  arrow(['src/description/**'], [PROMETHEUS, OTEL, ...STORE, 'ioredis', '**/bus/**', '**/mail/**', '**/realtime/**', '**/config/**'], 'A description tells of routes and frames, and touches no port.'),
  arrow(['src/admin/**'], [...HTTP, PROMETHEUS, OTEL, 'ioredis', 'postgres', DRIZZLE, '@electric-sql/*', '**/dialects/**', '**/realtime/**', '**/plugins/**'], 'Administration goes through the domain, and serves nothing.'),
  arrow(['src/client/**'], ['../**', 'node:*', 'fastify', '@fastify/*'], 'The client runs in browsers, and knows the server by its protocol only.'),
  arrow(['src/web/*.ts', 'src/web/style/**'], [PROMETHEUS, OTEL, ...STORE, 'ioredis', '**/realtime/**', '**/bus/**', '**/mail/**'], 'The web client is files to the server.'),
  arrow(['src/demo/**'], [...HTTP, PROMETHEUS, OTEL, ...STORE, 'ioredis', '**/domain/**', '**/dialects/**', '**/realtime/**', '**/plugins/**', '**/bus/**', '**/mail/**'], 'The demo does what people do, by the client.'),
  arrow(['src/web/app/**'], ['node:*', 'fastify', '@fastify/*', '**/domain/**', '**/dialects/**', '**/plugins/**', '**/client/*', '!**/client/index.ts'], 'The web client talks to the server through confab/client, and through nothing else.'),
  {
    files: ['src/web/app/**'],
    rules: {
      'no-restricted-globals': ['error', 'fetch', 'WebSocket', 'XMLHttpRequest', 'EventSource', 'eval'],
      'no-restricted-properties': ['error', ...['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'setHTMLUnsafe', 'write', 'createContextualFragment'].map((property) => ({ property, message: 'Text reaches the document as text only.' }))]
    }
  },
  arrow(['src/plugins/**'], [PROMETHEUS, OTEL, ...STORE], 'Plugins reach the database through the domain.'),
  arrow(['src/dialects/chatcli/**'], [PROMETHEUS, OTEL, ...STORE, '**/emotechat/**'], 'A dialect reaches the database through the domain, and knows no other.'),
  arrow(['src/dialects/emotechat/**'], [PROMETHEUS, OTEL, ...STORE, '**/chatcli/**'], 'A dialect reaches the database through the domain, and knows no other.')
)
