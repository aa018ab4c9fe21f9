// `belay init`: writes a first belay.yaml, a runbook and its messages for a service, or nothing at all when a file is in the way.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { renderDiagnostics } from '../../config/diagnostics.ts';
import { loadAndLint } from '../../config/lint.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Context, Run, Typed } from '../context.ts';
import { isSet, textOption } from '../context.ts';
import { type Answers, checkAnswers, nameOfFolder, type RawAnswers } from '../init-answers.ts';
import { initFiles } from '../init-files.ts';
import type { Given } from '../init-questions.ts';

export const run: Run = async (context, typed) => {
  const { out, configDir, wiring } = context;
  const given = givenIn(context, typed);
  refuseExisting(configDir, ['belay.yaml']);
  const answers = checkAnswers(await complete(context, typed, given));
  const files = initFiles(answers);
  refuseExisting(configDir, [...files.keys()]);
  writeAll(configDir, files);
  const { diagnostics } = loadAndLint(configDir, { ...(await wiring.lintTools()), env: wiring.env });
  if (diagnostics.length > 0) out.say(renderDiagnostics(diagnostics, { linesOf: () => null }));
  out.data({ ok: diagnostics.length === 0, dir: configDir, files: [...files.keys()], diagnostics }, () => [...files.keys()].join('\n'));
  out.say(nextSteps(context, answers));
  return undefined;
};

function givenIn({ lang, langGiven }: Context, typed: Typed): Given {
  const flags = {
    name: 'name',
    url: 'url',
    metricsUrl: 'metricsUrl',
    healthUrl: 'healthUrl',
    releaseDir: 'releaseDir',
    pidFile: 'pidFile',
    signal: 'signal',
    orgs: 'org',
    flowFile: 'flowFile',
    flowValues: 'flowValues',
    person: 'person',
    zone: 'zone',
  } as const satisfies Partial<Record<keyof RawAnswers, string>>;
  const typedIn = Object.entries(flags).flatMap(([name, flag]) => {
    const value = textOption(typed, flag);
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(typedIn), ...(langGiven ? { lang } : {}) };
}

async function complete({ out, configDir, lang }: Context, typed: Typed, given: Given): Promise<RawAnswers> {
  const defaults: RawAnswers = {
    name: nameOfFolder(configDir),
    lang,
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    releaseDir: 'service',
    orgs: '',
  };
  const enough = given.releaseDir !== undefined && (given.metricsUrl !== undefined || given.healthUrl !== undefined);
  if (isSet(typed, 'yes') || (!out.interactive && enough)) {
    const metricsUrl = given.metricsUrl ?? (given.healthUrl === undefined ? 'http://127.0.0.1:8080/metrics' : undefined);
    return { ...defaults, ...given, ...(metricsUrl === undefined ? {} : { metricsUrl }) };
  }
  if (!out.interactive) {
    throw new BelayError('BELAY_USAGE', 'Nobody is there to answer questions, and nothing was written.', {
      hint: 'Name what differs: --metrics-url URL (or --health-url URL) and --release-dir DIR. Or take the defaults: --yes',
    });
  }
  return (await import('../init-questions.ts')).askAnswers(given, defaults);
}

/** All of them are looked for before the first is written. */
function refuseExisting(dir: string, names: readonly string[]): void {
  const inTheWay = names.filter((name) => existsSync(join(dir, name)));
  if (inTheWay.length === 0) return;
  throw new BelayError(
    'BELAY_USAGE',
    `${inTheWay.join(', ')} ${inTheWay.length === 1 ? 'is' : 'are'} there already; nothing was written.`,
    {
      hint: 'belay init never overwrites. Check what is there with belay lint, or name another folder with --config DIR.',
    },
  );
}

function writeAll(dir: string, files: ReadonlyMap<string, string>): void {
  const written: string[] = [];
  try {
    for (const [name, text] of files) {
      const path = join(dir, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text, { flag: 'wx' });
      written.push(path);
    }
  } catch (error) {
    // Nothing half-done: what this command wrote, it takes back.
    for (const path of written) rmSync(path, { force: true });
    throw error;
  }
}

function nextSteps({ config, configDir, out }: Context, answers: Answers): string {
  const { bold, dim } = out.colour;
  const where = config === '.' ? '' : ` --config ${config}`;
  const first = existsSync(resolve(configDir, answers.releaseDir))
    ? []
    : [dim(`There is no folder ${answers.releaseDir} yet: releases/<name>/ and current belong into it.`)];
  return [
    '',
    ...first,
    'The trigger is in shadow: Belay tells what it would have done, and does nothing.',
    'When you believe it, write mode: armed in belay.yaml.',
    '',
    `Next:  ${bold(`belay plan deploy-rollback${where}`)}   what it would do now`,
    `       ${bold(`belay up${where}`)}                     watch, with the war room`,
  ].join('\n');
}
