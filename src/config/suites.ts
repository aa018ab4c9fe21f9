// Suites and synthetic customers as people write them. What they come to is nobody's business here.
import type { SuiteSpec } from '../domain/suite.ts';
import type { RequestStep, SyntheticSpec, SyntheticStep } from '../domain/synthetic.ts';
import { BROWSER_FIELDS, browserOf, browserStep, isBrowsed } from './browser-steps.ts';
import type { Keys, Reader } from './read.ts';
import { bool, duration, json, listOf, mapOf, NAME_KEYS, oneOf, optional, present, record, required, text, wrong } from './read.ts';

const VARIABLE_KEYS: Keys = { form: 'the name of a variable', pattern: /^[A-Za-z_][A-Za-z0-9_]*$/ };
const HEADER_KEYS: Keys = { form: 'the name of a header', pattern: /^[A-Za-z][A-Za-z0-9-]*$/ };
const ANY_KEYS: Keys = { form: 'a name', pattern: /^.{1,200}$/ };

const SUITE = record({
  argv: required(listOf(text, 1)),
  cwd: optional(text),
  env: optional(mapOf(text, VARIABLE_KEYS)),
  timeout: optional(duration(1_000)),
  report: optional(oneOf('exit', 'tap', 'junit', 'vitest')),
  reportFile: optional(text),
  readOnly: optional(bool),
  against: required(oneOf('production', 'staging')),
});

export const suite: Reader<Omit<SuiteSpec, 'id'>> = (value, problems, name) => {
  const fields = SUITE(value, problems, name);
  if (fields?.argv === undefined || fields.against === undefined) return undefined;
  const report = fields.report ?? 'exit';
  if (report === 'exit' && fields.reportFile !== undefined)
    return wrong(value, problems, name, 'report: tap, junit or vitest with reportFile');
  return {
    argv: fields.argv,
    env: fields.env ?? {},
    timeoutMs: fields.timeout ?? 300_000,
    report,
    readOnly: fields.readOnly ?? false,
    against: fields.against,
    ...present({ cwd: fields.cwd, reportFile: fields.reportFile }),
  };
};

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
const PATH = /^(?:json(?:\.[\w-]{1,100}){1,20}|header\.[a-z][a-z0-9-]{0,100})$/;

const path: Reader<string> = (value, problems, name) => {
  const read = text(value, problems, name);
  return read === undefined || PATH.test(read) ? read : wrong(value, problems, name, 'json.<field>… or header.<name>');
};

const STEP = record({
  name: required(text),
  get: optional(text),
  post: optional(text),
  put: optional(text),
  patch: optional(text),
  delete: optional(text),
  headers: optional(mapOf(text, HEADER_KEYS)),
  json: optional(json),
  form: optional(mapOf(text, ANY_KEYS)),
  expect: required(text),
  save: optional(mapOf(path, NAME_KEYS)),
  within: optional(duration(1)),
  for: optional(duration(1)),
  every: optional(duration(50)),
});
const BROWSED = record({ name: required(text), within: optional(duration(1)), ...BROWSER_FIELDS });

const step: Reader<SyntheticStep> = (value, problems, name) => {
  if (!isBrowsed(value)) return request(value, problems, name);
  const fields = BROWSED(value, problems, name);
  return fields?.name === undefined ? undefined : browserStep({ ...fields, name: fields.name }, value, problems, name);
};

const request: Reader<RequestStep> = (value, problems, name) => {
  const fields = STEP(value, problems, name);
  if (fields?.name === undefined || fields.expect === undefined) return undefined;
  const asked = METHODS.filter((method) => fields[method] !== undefined);
  const [method] = asked;
  const url = method === undefined ? '' : (fields[method] ?? '');
  if (method === undefined || asked.length > 1 || !/^https?:\/\/[^\s/]/.test(url))
    return wrong(value, problems, name, 'one of get, post, put, patch and delete with an address');
  if (fields.json !== undefined && fields.form !== undefined) return wrong(value, problems, name, 'either json or form');
  return {
    name: fields.name,
    does: 'request',
    method: method.toUpperCase() as RequestStep['method'],
    url,
    headers: fields.headers ?? {},
    expect: fields.expect,
    save: fields.save ?? {},
    withinMs: fields.within ?? 0,
    forMs: fields.for ?? 0,
    everyMs: fields.every ?? 500,
    ...present({ json: fields.json, form: fields.form }),
  };
};

const SYNTHETIC = record({ steps: required(listOf(step, 1)), timeout: optional(duration(100)), browser: optional(browserOf) });

export const synthetic: Reader<Omit<SyntheticSpec, 'id'>> = (value, problems, name) => {
  const fields = SYNTHETIC(value, problems, name);
  if (fields?.steps === undefined) return undefined;
  const { steps, browser } = fields;
  const [first] = steps.filter((one) => one.does !== 'request');
  if (first !== undefined && browser === undefined)
    return wrong(value, problems, name, 'browser: { against: production or staging } with steps of a browser');
  if (first !== undefined && first.does !== 'open') return wrong(value, problems, name, `a step that opens a page before "${first.name}"`);
  return { steps, timeoutMs: fields.timeout ?? 10_000, ...present({ browser }) };
};
