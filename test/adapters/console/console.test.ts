import { describe, expect, it } from 'vitest';
import { createConsoleChannel } from '../../../src/adapters/console/index.ts';
import { channelContract, outgoing } from '../../contracts/channel.ts';

channelContract('the console', async () => {
  const written: string[] = [];
  return {
    channel: createConsoleChannel({ write: (text) => written.push(text) }),
    to: 'oncall',
    received: async (id) => written.filter((text) => text.includes(`text of ${id}`)),
    close: async () => undefined,
  };
});

describe('the console channel', () => {
  it('names the recipient and indents the lines of one message', async () => {
    const written: string[] = [];
    const channel = createConsoleChannel({ write: (text) => written.push(text) });
    await channel.send(outgoing('INC-1/x', 'oncall', 'P1: errors\n\nWe look at it.'));
    expect(written).toEqual(['[oncall] P1: errors\n    We look at it.\n']);
  });

  it('does not claim that nothing was shown when the terminal breaks', async () => {
    const channel = createConsoleChannel({
      write: () => {
        throw new Error('EPIPE');
      },
    });
    await expect(channel.send(outgoing('INC-1/x', 'oncall'))).rejects.toMatchObject({ code: 'BELAY_CHANNEL_FAILED', effect: 'unknown' });
  });
});
