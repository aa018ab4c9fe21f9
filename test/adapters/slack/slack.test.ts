import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSlackChannel } from '../../../src/adapters/slack/index.ts';
import { readRetryAfter } from '../../../src/domain/delivery.ts';
import type { BelayError } from '../../../src/domain/errors.ts';
import { channelContract, outgoing } from '../../contracts/channel.ts';
import type { SlackMood, SlackServer } from '../../world/vendors/slack.ts';
import { startSlack } from '../../world/vendors/slack.ts';

const TOKEN = 'xoxb-test';
const live = (): AbortSignal => new AbortController().signal;

channelContract('slack', async () => {
  const slack = await startSlack({ token: TOKEN });
  return {
    channel: createSlackChannel({ token: TOKEN, url: slack.url }),
    to: 'C0123',
    received: async (id) => slack.posts.filter((one) => one.delivery === id).map((one) => one.text),
    unplug: slack.close,
    close: slack.close,
  };
});

describe('the slack channel', () => {
  let slack: SlackServer;
  beforeEach(async () => {
    slack = await startSlack({ token: TOKEN });
  });
  afterEach(() => slack.close());

  const channel = (timeoutMs = 5_000): ReturnType<typeof createSlackChannel> =>
    createSlackChannel({ token: TOKEN, url: slack.url, timeoutMs });
  const sendError = async (mood: SlackMood, timeoutMs?: number): Promise<BelayError> => {
    slack.moods.push(mood);
    return channel(timeoutMs)
      .send(outgoing('INC-1/x', 'C0123'), live())
      .then(
        () => {
          throw new Error('it was sent');
        },
        (error: unknown) => error as BelayError,
      );
  };

  it('posts without parsing names, links or previews', async () => {
    await channel().send(outgoing('INC-1/x', 'C0123', 'see <https://example.com|here>'), live());
    expect(slack.posts[0]?.body).toMatchObject({ parse: 'none', link_names: 'false', unfurl_links: 'false', unfurl_media: 'false' });
  });

  it('answers in the thread of the first message and finds the reply there', async () => {
    const first = await channel().send(outgoing('INC-1/first', 'C0123'), live());
    const reply = { ...outgoing('INC-1/reply', 'C0123'), replyTo: first.providerId };
    const sent = await channel().send(reply, live());
    expect(slack.posts[1]?.threadTs).toBe(first.providerId);
    expect(await channel().reconcile(reply, live())).toEqual({ found: true, providerId: sent.providerId });
  });

  it('does not retry by itself, whatever Slack answers', async () => {
    for (const mood of ['rate-limited', 'error-500', 'cut', 'not-in-channel'] as const) {
      slack.calls.length = 0;
      await sendError(mood);
      expect(slack.calls, mood).toEqual(['chat.postMessage']);
    }
  });

  it('says that a rate-limited message did not leave, and when to try again', async () => {
    const error = await sendError('rate-limited');
    expect(error.effect).toBe('none');
    expect(readRetryAfter(error.hint)).toBe(7_000);
  });

  it('says that a refused message did not leave', async () => {
    const error = await sendError('not-in-channel');
    expect([error.effect, error.message]).toEqual(['none', expect.stringContaining('not_in_channel')]);
  });

  it.each(['taken-but-cut', 'cut', 'error-500'] as const)(
    'does not know whether the message arrived when the answer is missing (%s)',
    async (mood) => {
      expect((await sendError(mood)).effect).toBe('unknown');
    },
  );

  it('does not know whether the message arrived when the answer takes too long', async () => {
    const error = await sendError('taken-but-hangs', 200);
    expect(error.effect).toBe('unknown');
    expect(await channel().reconcile(outgoing('INC-1/x', 'C0123'), live())).toMatchObject({ found: true });
  });

  it('stops waiting when it is told to', async () => {
    slack.moods.push('taken-but-hangs');
    const stop = new AbortController();
    const sending = channel().send(outgoing('INC-1/x', 'C0123'), stop.signal);
    stop.abort();
    await expect(sending).rejects.toMatchObject({ code: 'BELAY_CHANNEL_FAILED', effect: 'unknown' });
  });

  it('finds a message that stands pages back in the history', async () => {
    const wanted = outgoing('INC-1/old', 'C0123');
    const sent = await channel().send(wanted, live());
    for (let index = 0; index < 450; index += 1)
      slack.posts.push({ channel: 'C0123', ts: `1700000001.${index}`, text: 'x', threadTs: null, body: {}, delivery: null });
    expect(await channel().reconcile(wanted, live())).toEqual({ found: true, providerId: sent.providerId });
    expect(slack.calls.filter((call) => call === 'conversations.history')).toHaveLength(3);
  });

  it('does not say "absent" when the history is too long to be read', async () => {
    for (let index = 0; index < 1_200; index += 1)
      slack.posts.push({ channel: 'C0123', ts: `1700000001.${index}`, text: 'x', threadTs: null, body: {}, delivery: null });
    expect(await channel().reconcile(outgoing('INC-1/never', 'C0123'), live())).toBe('unknown');
  });

  it('throws when the history cannot be read, so that nobody takes it for an answer', async () => {
    await slack.close();
    await expect(channel().reconcile(outgoing('INC-1/x', 'C0123'), live())).rejects.toMatchObject({ code: 'BELAY_CHANNEL_FAILED' });
  });

  it('never shows its token in an error', async () => {
    const wrong = createSlackChannel({ token: 'xoxb-secret-value', url: slack.url });
    const answer = await wrong.check(live());
    expect(answer.ok).toBe(false);
    expect(JSON.stringify(answer)).not.toContain('secret-value');
  });
});
