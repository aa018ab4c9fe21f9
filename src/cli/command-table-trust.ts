// The commands by which people learn whether Belay may be trusted before it acts: scenes, what would have been, and ways back that are tried. What a
// command does is loaded when it is asked for.
import type { CommandSpec } from './command-spec.ts';

const BACKTEST: CommandSpec = {
  usage: 'backtest <trigger>',
  about: 'what a trigger of this folder would have done with what was measured',
  options: [
    { flags: '--from <time>', about: 'such as -7d, or 2026-12-01T02:00Z (default -30d)' },
    { flags: '--to <time>', about: 'the same (default: now)' },
    { flags: '--org <id>', about: 'one organization alone' },
    { flags: '--set <name=value>', about: 'another above, below, over, still or for; may be repeated', many: true },
  ],
  load: () => import('./commands/backtest.ts'),
  examples: [
    'belay backtest http-5xx',
    'belay backtest http-5xx --from -7d --org acme',
    'belay backtest http-5xx --set above=3% --set over=10m',
  ],
};

const CERTIFY: CommandSpec = {
  usage: 'certify [database]',
  about: 'try a way back on a drill database, or list what was proved before',
  options: [
    { flags: '--to <release>', about: 'where it goes: a release, or the migration that is to stay' },
    { flags: '--list', about: 'what was proved before, newest first' },
  ],
  load: () => import('./commands/certify.ts'),
  examples: ['belay certify crm --to v1.4.0', 'belay certify crm --to 20260101_contacts --json', 'belay certify --list'],
};

const SHADOW: CommandSpec = {
  usage: 'shadow [trigger]',
  about: 'what triggers in shadow would have done: each time, what would have run, and which guards stood in the way',
  options: [{ flags: '--since <duration>', about: 'how far back (default 30d)' }],
  load: () => import('./commands/shadow.ts'),
  examples: ['belay shadow', 'belay shadow http-5xx --since 7d', 'belay shadow --json'],
  under: [
    {
      usage: 'mark <episode>',
      about: 'say afterwards whether an episode was right, for the report',
      options: [
        { flags: '--right', about: 'there was something to act on' },
        { flags: '--false', about: 'there was not' },
        { flags: '--why <text>', about: 'the reason, for those who read it' },
      ],
      load: () => import('./commands/shadow-mark.ts'),
      examples: ['belay shadow mark http-5xx/acme/1764211355000 --false --why "deploy of billing"'],
    },
  ],
};

const TEST: CommandSpec = {
  usage: 'test [files...]',
  about: 'play the scenes of tests/*.scene.yaml: does each trigger stand, and each runbook end, as it must?',
  options: [{ flags: '--every-boundary', about: 'kill scenes of runbooks at every boundary, not only at some of them' }],
  load: () => import('./commands/test.ts'),
  examples: ['belay test', 'belay test tests/webhook.scene.yaml', 'belay test --every-boundary'],
};

export const TRUST: readonly CommandSpec[] = [TEST, BACKTEST, SHADOW, CERTIFY];
