// `belay doctor`: looks at everything Belay needs, one line each, with what to do where something is wrong. It changes nothing.
import type { ExitCode } from '../../domain/errors.ts';
import { EXIT } from '../../domain/errors.ts';
import type { Context, Run } from '../context.ts';
import { checkMachine } from '../doctor-machine.ts';
import { checkSystem } from '../doctor-system.ts';
import type { Finding } from '../finding.ts';
import { clean, pad, wrap } from '../text-layout.ts';

export const run: Run = async (context): Promise<ExitCode> => {
  const findings = clean([...(await checkMachine(context)), ...(await checkSystem(context))]);
  const failed = findings.filter((one) => one.state === 'fail').length;
  const warned = findings.filter((one) => one.state === 'warn').length;
  context.out.data({ ok: failed === 0, failed, warned, findings }, () => findings.map((one) => lineOf(one, context)).join('\n'));
  context.out.say(
    failed + warned === 0
      ? '\nEverything that was looked at is in order.'
      : `\n${failed} wrong, ${warned} to look at. Nothing was changed.`,
  );
  return failed === 0 ? EXIT.ok : EXIT.failed;
};

function lineOf({ what, state, says, todo }: Finding, { out }: Context): string {
  const { colour, marks, width } = out;
  const mark = {
    ok: colour.green(marks.done),
    warn: colour.yellow(marks.unknown),
    fail: colour.red(marks.failed),
    skip: colour.dim(marks.skipped),
  }[state];
  const column = 24;
  const text = [
    ...wrap(says, width - column),
    ...(todo === undefined ? [] : wrap(todo, width - column - 2).map((line, at) => `${at === 0 ? `${marks.arrow} ` : '  '}${line}`)),
  ];
  return text.map((line, at) => (at === 0 ? `${mark} ${pad(what, column - 2)}${line}` : `${' '.repeat(column)}${line}`)).join('\n');
}
