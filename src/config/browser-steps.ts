// Steps of a synthetic customer in a browser, as people write them. What they find there is nobody's business here.
import { type BrowserSpec, type BrowserStep, OPENED, ORIGIN, type Place, type Sight } from '../domain/browser-step.ts';
import type { Problems } from './problems.ts';
import type { Fields, Reader } from './read.ts';
import { bool, duration, id, int, listOf, oneOf, optional, present, record, required, text, wrong } from './read.ts';
import type { Value } from './yaml.ts';

const PLACE = { role: optional(text), name: optional(text), testId: optional(text), css: optional(text) };
const PLACE_FORM = 'role with name, or testId, or css';

const placeFields = record(PLACE);
const sightFields = record({
  ...PLACE,
  text: optional(text),
  url: optional(text),
  answer: optional(text),
  status: optional(int(100, 599)),
});

type PlaceFields = { readonly [K in keyof typeof PLACE]: string | undefined };

/** Undefined: none of them, or more than one. */
function placeOf({ role, name, testId, css }: PlaceFields): Place | undefined {
  const given = [role ?? name, testId, css].filter((one) => one !== undefined);
  if (given.length !== 1) return undefined;
  if (role !== undefined && name !== undefined) return /^[a-z]+$/.test(role) && !/["\\]/.test(name) ? { role, name } : undefined;
  if (testId !== undefined) return /["\\\n]/.test(testId) ? undefined : { testId };
  return css === undefined ? undefined : { css };
}

const place: Reader<Place> = (value, problems, name) => {
  const fields = placeFields(value, problems, name);
  return fields === undefined ? undefined : (placeOf(fields) ?? wrong(value, problems, name, PLACE_FORM));
};

const sight: Reader<Sight> = (value, problems, name) => {
  const fields = sightFields(value, problems, name);
  if (fields === undefined) return undefined;
  const { text: shown, url, answer, status, ...rest } = fields;
  const found = placeOf(rest);
  const isPlaced = Object.values(rest).some((one) => one !== undefined);
  const wanted = [isPlaced || undefined, shown, url, answer].filter((one) => one !== undefined).length;
  const other = wrong.bind(null, value, problems, name, `one of ${PLACE_FORM}, or text, or url, or answer with status`);
  if (wanted !== 1 || (answer === undefined) !== (status === undefined)) return other();
  if (found !== undefined) return { place: found };
  if (shown !== undefined) return { text: shown };
  if (url !== undefined) return { url };
  return answer === undefined || status === undefined ? other() : { answer, status };
};

/** Beside the keys of requests: one step is one of them. */
export const BROWSER_FIELDS = {
  open: optional(text),
  status: optional(int(100, 599)),
  fill: optional(place),
  value: optional(text),
  click: optional(place),
  see: optional(sight),
  gone: optional(bool),
  shot: optional(id),
};
const VERBS = ['open', 'fill', 'click', 'see', 'shot'] as const;

type StepFields = Fields<typeof BROWSER_FIELDS> & { readonly name: string; readonly within?: number | undefined };

/** True: it is written as a step of a browser, well or not. */
export const isBrowsed = (value: Value): boolean =>
  value.kind === 'map' && value.entries.some((entry) => (VERBS as readonly string[]).includes(entry.key));

export function browserStep(fields: StepFields, value: Value, problems: Problems, name: string): BrowserStep | undefined {
  const { open, status, fill, value: filled, click, see, gone, shot } = fields;
  const given = VERBS.filter((verb) => fields[verb] !== undefined);
  const base = { name: fields.name, ...present({ withinMs: fields.within }) };
  if (given.length !== 1 || (fill === undefined) !== (filled === undefined))
    return wrong(value, problems, name, 'one of open, fill with value, click, see and shot');
  if (open !== undefined)
    return OPENED.test(open)
      ? { ...base, does: 'open', url: open, ...present({ status }) }
      : wrong(value, problems, name, 'open with an address whose host is written out');
  if (status !== undefined || (gone !== undefined && see === undefined))
    return wrong(value, problems, name, 'status with open alone, and gone with see');
  if (fill !== undefined && filled !== undefined) return { ...base, does: 'fill', place: fill, value: filled };
  if (click !== undefined) return { ...base, does: 'click', place: click };
  if (see !== undefined) return { ...base, does: 'see', sight: see, gone: gone ?? false };
  return shot === undefined ? undefined : { ...base, does: 'shot', shot };
}

const origin: Reader<string> = (value, problems, name) => {
  const read = text(value, problems, name);
  return read === undefined || ORIGIN.test(read) ? read : wrong(value, problems, name, 'https://host or https://host:port');
};

const BROWSER = record({
  against: required(oneOf('production', 'staging')),
  readOnly: optional(bool),
  alsoLoads: optional(listOf(origin)),
  limit: optional(duration(1_000)),
});

export const browserOf: Reader<BrowserSpec> = (value, problems, name) => {
  const fields = BROWSER(value, problems, name);
  if (fields?.against === undefined) return undefined;
  return {
    against: fields.against,
    readOnly: fields.readOnly ?? false,
    alsoLoads: fields.alsoLoads ?? [],
    limitMs: fields.limit ?? 60_000,
  };
};

export const browserOptions = record({ executablePath: optional(text), atOnce: optional(int(1, 8)) });
