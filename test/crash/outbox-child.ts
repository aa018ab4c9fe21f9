// The process that gets killed: the product's outbox loop with real adapters over real HTTP and a real file.
// Arguments: outbox file, message file, Slack address, webhook address, when to end (`until-settled` or `never`).
import { createFileChannel } from '../../src/adapters/file/index.ts';
import { createSlackChannel } from '../../src/adapters/slack/index.ts';
import { systemTime } from '../../src/adapters/system/index.ts';
import { createRenderer } from '../../src/adapters/templates/index.ts';
import { createWebhookChannel } from '../../src/adapters/webhook/index.ts';
import { isSettled } from '../../src/domain/delivery.ts';
import { BelayError } from '../../src/domain/errors.ts';
import { createOutboxLoop } from '../../src/flows/communicate.ts';
import type { Http } from '../../src/ports/http.ts';
import { SYSTEM } from '../world/story-log.ts';
import { openDurableOutbox } from './durable-outbox.ts';
import { SETTLE_MS, WEBHOOK_SECRET } from './outbox-rounds-shared.ts';

const [outboxFile = '', messageFile = '', slackUrl = '', webhookUrl = '', ends = 'never'] = process.argv.slice(2);

const http: Http = {
  request: async (request, signal) => {
    try {
      const answer = await fetch(request.url, {
        method: request.method,
        headers: request.headers ?? {},
        body: request.body ?? '',
        ...(signal === undefined ? {} : { signal }),
      });
      return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text(), tookMs: 0 };
    } catch (cause) {
      throw new BelayError('BELAY_HTTP_FAILED', 'no answer', { effect: 'unknown', cause });
    }
  },
};

const webhook = () =>
  createWebhookChannel(
    { url: webhookUrl, secret: WEBHOOK_SECRET, idempotent: false, timeoutMs: 400, settleMs: SETTLE_MS },
    { http, time: systemTime },
  );
const outbox = openDurableOutbox(outboxFile);
const loop = createOutboxLoop(
  {
    outbox,
    channels: {
      chat: createSlackChannel({ token: 'xoxb-test', url: slackUrl, timeoutMs: 400, settleMs: SETTLE_MS }),
      file: createFileChannel({ path: messageFile }, { now: () => systemTime.now() }),
      hook: webhook(),
      page: webhook(),
    },
    renderer: createRenderer(),
    time: systemTime,
    system: SYSTEM,
  },
  { pollMs: 20, sendTimeoutMs: 500, claimMs: 1_800, onTrouble: (error) => process.stderr.write(`${String(error)}\n`) },
);
process.stdout.write('ready\n');
loop.start();
if (ends === 'until-settled') {
  while (!(await outbox.ofIncident('')).every((one) => isSettled(one.state))) await systemTime.sleep(20);
  await loop.stop();
  outbox.close();
  process.exit(0);
}
