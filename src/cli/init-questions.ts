// The questions of `belay init`, at a terminal. What a flag has said already is not asked.
import { cancel, confirm, isCancel, select, text } from '@clack/prompts';
import type { Lang } from '../domain/system.ts';
import { Detached } from './exit-code.ts';
import { type RawAnswers, slugOf, wrongWith } from './init-answers.ts';

export type Given = Partial<RawAnswers>;

export async function askAnswers(given: Given, defaults: RawAnswers): Promise<RawAnswers> {
  const lang =
    given.lang ??
    (await taken<Lang>(
      select<Lang>({
        message: 'Language of messages and runbooks',
        initialValue: defaults.lang,
        options: [
          { value: 'en', label: 'English' },
          { value: 'pt-BR', label: 'Português' },
        ],
      }),
    ));
  const name = given.name ?? (await line('What is the service called?', defaults.name, wrongWith.name));
  const metricsUrl =
    given.metricsUrl ?? (await blank('Its Prometheus page (leave empty if it has none)', 'http://127.0.0.1:8080/metrics', wrongWith.url));
  const healthUrl =
    given.healthUrl ??
    (metricsUrl === '' ? await line('A page that answers 200 while it works', 'http://127.0.0.1:8080/health', wrongWith.url) : undefined);
  const releaseDir = given.releaseDir ?? (await line('The folder with releases/<name>/ and current', defaults.releaseDir, wrongWith.path));
  const pidFile =
    given.pidFile ?? (await line('Where the service writes its pid', `${releaseDir}/run/${slugOf(name)}.pid`, wrongWith.path));
  const signal = given.signal ?? (await line('The signal that makes it load the current release', 'SIGHUP', wrongWith.signal));
  const orgs =
    given.orgs ??
    (metricsUrl === ''
      ? ''
      : await blank('Organizations, if a label "org" tells them apart (acme,globex; empty: none)', '', wrongWith.orgs));
  const flow =
    given.flowFile === undefined &&
    orgs !== '' &&
    (await taken<boolean>(confirm({ message: 'Can each organization be put on another flow through a JSON file?', initialValue: false })));
  const flowFile = given.flowFile ?? (flow ? await line('That file', `${releaseDir}/flows.json`, wrongWith.path) : undefined);
  const flowValues = given.flowValues ?? (flow ? await line('The flows, the safe one first', 'stable,next', wrongWith.values) : undefined);
  const person = given.person ?? (await line('Who answers for it?', 'On call', wrongWith.name));
  return {
    lang,
    name,
    zone: given.zone ?? defaults.zone,
    url: given.url,
    metricsUrl,
    healthUrl,
    releaseDir,
    pidFile,
    signal,
    orgs,
    flowFile,
    flowValues,
    person,
  };
}

function line(message: string, initialValue: string, wrong: (text: string) => string | undefined): Promise<string> {
  return taken<string>(text({ message, initialValue, validate: (value) => wrong(value ?? '') }));
}

function blank(message: string, initialValue: string, wrong: (text: string) => string | undefined): Promise<string> {
  const validate = (value: string | undefined): string | undefined => ((value ?? '') === '' ? undefined : wrong(value ?? ''));
  return taken<string>(text({ message, initialValue, validate }));
}

async function taken<T>(answer: Promise<T | symbol>): Promise<T> {
  const value = await answer;
  if (!isCancel(value)) return value as T;
  cancel('Nothing was written.');
  throw new Detached('cancelled');
}
