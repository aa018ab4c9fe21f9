// The command line: reads what was typed, runs one command, and turns every failure into a sentence, a next step and an exit code.
import { Command, CommanderError, Option } from 'commander';
import { BelayError, EXIT } from '../domain/errors.ts';
import type { CommandSpec } from './command-spec.ts';
import { COMMANDS } from './command-table.ts';
import { createContext, type GlobalOptions, type Typed } from './context.ts';
import { Detached, troubleOf } from './exit-code.ts';
import { createOutput, endQuietlyOnClosedPipe, type Output } from './output.ts';
import type { Wiring } from './wiring.ts';

/** @returns the exit code; never throws. */
export async function runCli(argv: readonly string[], wiring: Wiring): Promise<number> {
  endQuietlyOnClosedPipe();
  // Known before anything is parsed: also a mistyped command answers in the form that was asked for.
  const words = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined);
  const out = createOutput({ json: words.includes('--json'), plain: words.includes('--plain'), env: wiring.env });
  let code: number = EXIT.ok;
  const program = buildProgram(wiring, out, (ended) => {
    code = ended;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    return endOf(error, out);
  }
}

function buildProgram(wiring: Wiring, out: Output, ended: (code: number) => void): Command {
  const program = new Command('belay')
    .description('Runs your rollback runbook: watched, guarded, approved, crash-safe, proven and written up.')
    .version(wiring.version, '-V, --version', 'print the version')
    .addOption(new Option('--data <dir>', 'where Belay keeps everything').default('.belay'))
    .addOption(new Option('--config <dir>', 'the folder of belay.yaml').default('.'))
    .option('--lang <lang>', 'en or pt-BR (default: that of the terminal)')
    .option('--as <person>', 'speak as this person, with their token in <data>/tokens/')
    .option('--json', 'one JSON document on stdout')
    .option('--plain', 'no colours, no drawing characters')
    .helpOption('-h, --help', 'print this, or the help of a command')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeErr: () => undefined,
      writeOut: (text) => out.raw(text.endsWith('\n') ? text : `${text}\n`),
      getOutHelpWidth: () => out.width,
    })
    // One line a command: its arguments stand in its own help.
    .configureHelp({ subcommandTerm: (command) => command.name() });
  const register = (parent: Command, spec: CommandSpec): void => {
    const command = addCommand(parent, spec);
    for (const one of spec.under ?? []) register(command, one);
    const { load } = spec;
    if (load === undefined) return;
    command.action(async () => {
      const context = createContext(program.opts<GlobalOptions>(), out, wiring);
      const { run } = await load();
      ended((await run(context, typedIn(command))) ?? EXIT.ok);
    });
  };
  for (const spec of COMMANDS) register(program, spec);
  return program;
}

function addCommand(parent: Command, spec: CommandSpec): Command {
  const command = parent
    .command(spec.usage)
    .summary(spec.about)
    .description(sentenceOf(spec.about))
    .helpOption('-h, --help', 'print this')
    .configureHelp({
      showGlobalOptions: true,
      subcommandTerm: (one) => (one.usage() === '' ? one.name() : `${one.name()} ${one.usage().replace('[options] ', '')}`),
    });
  for (const { flags, about, many } of spec.options ?? []) {
    if (many === true) command.option(flags, about, (value: string, before: readonly string[] | undefined) => [...(before ?? []), value]);
    else command.option(flags, about);
  }
  if (spec.examples !== undefined) command.addHelpText('after', `\nExamples:\n${spec.examples.map((one) => `  $ ${one}`).join('\n')}`);
  if (spec.under !== undefined) {
    const known = spec.under.map((one) => `${command.name()} ${one.usage}`).join(', or belay ');
    command.helpCommand(false).action(() => {
      throw new BelayError('BELAY_USAGE', `The command ${command.name()} needs a second word.`, { hint: `Type: belay ${known}` });
    });
  }
  return command;
}

const sentenceOf = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

function typedIn(command: Command): Typed {
  const given: readonly unknown[] = command.processedArgs;
  const rest = given.find((one): one is readonly string[] => Array.isArray(one)) ?? [];
  // What the word above knows, too, is taken by it: `belay import --out` and `belay import prometheus --out`.
  const above = command.parent?.parent === null ? {} : command.parent?.opts();
  return { args: given.filter((one): one is string | undefined => !Array.isArray(one)), rest, options: { ...above, ...command.opts() } };
}

function endOf(error: unknown, out: Output): number {
  if (error instanceof Detached) return EXIT.detached;
  if (error instanceof CommanderError) {
    // Help and version have been printed, on stdout.
    if (error.exitCode === 0) return EXIT.ok;
    if (error.code === 'commander.help') {
      const hint = 'Type one of: belay up, belay status, belay demo. All of them: belay --help';
      return tell(new BelayError('BELAY_USAGE', 'No command was given.', { hint }), out);
    }
    return tell(
      new BelayError('BELAY_USAGE', error.message.replace(/^error: /, '').replace('\n', ' '), {
        hint: 'See what may be typed: belay --help, or belay <command> --help',
      }),
      out,
    );
  }
  return tell(error, out);
}

function tell(error: unknown, out: Output): number {
  const trouble = troubleOf(error);
  if (out.json && !out.answered) out.raw(`${JSON.stringify({ ok: false, error: trouble })}\n`);
  const { red, bold, dim } = out.colour;
  const lines = [`${red(bold('belay:'))} ${trouble.message} ${dim(`[${trouble.code}]`)}`];
  if (trouble.effect === 'unknown' && trouble.code !== 'BELAY_INTERNAL') lines.push('       It is not known whether it took effect.');
  if (trouble.hint !== null) lines.push(`       ${trouble.hint}`);
  out.say(lines.join('\n'));
  return trouble.exitCode;
}
