// Steps of a synthetic customer in a browser: filled in, carried out one after the other in one visit, and pictured where they say so.
import { type BrowserSpec, type BrowserStep, originsOf } from '../../domain/browser-step.ts';
import { filledText, type Given } from '../../domain/synthetic.ts';
import type { Browsers, Shot, Visit } from '../../ports/browser.ts';
import type { Secrets } from '../../ports/secrets.ts';

export interface Browsing {
  /** Null: what must come of it came. */
  carryOut(step: BrowserStep, given: Given): Promise<string | null>;
}

interface BrowseDeps {
  readonly browsers: Browsers;
  readonly secrets: Pick<Secrets, 'fill' | 'masked'>;
}

export interface Pictured {
  readonly shots: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

const MOST_SHOTS = 4;

interface Customer {
  readonly steps: readonly { readonly does: string; readonly url?: string }[];
  readonly browser: BrowserSpec;
  readonly timeoutMs: number;
}

/** `work` plays the steps; what it comes to goes through, with pictures and with what went on beside. */
export async function inBrowser<T>(
  { steps, browser, timeoutMs }: Customer,
  { browsers, secrets }: BrowseDeps,
  work: (browsing: Browsing) => Promise<T>,
): Promise<{ readonly came: T; readonly pictured: Pictured }> {
  const origins = originsOf(steps, browser.alsoLoads);
  const o = { origins, timeoutMs, limitMs: browser.limitMs, hide: secrets.masked };
  return browsers.visit(o, async (visit) => {
    const shots: Shot[] = [];
    const take = async (name: string): Promise<void> => {
      if (shots.length < MOST_SHOTS) shots.push(await visit.shoot(name));
    };
    const came = await work({ carryOut: (step, given) => carriedOut(step, given, { visit, secrets, take }) });
    const missing = shots.flatMap((shot) => (shot.png === '' ? [`no picture ${shot.name}: ${shot.why}`] : []));
    const notes = await Promise.all([...visit.notes(), ...missing].map((note) => secrets.masked(note)));
    return { came, pictured: { shots: Object.fromEntries(shots.flatMap((one) => (one.png === '' ? [] : [[one.name, one.png]]))), notes } };
  });
}

interface Playing {
  readonly visit: Visit;
  readonly secrets: Pick<Secrets, 'fill'>;
  readonly take: (name: string) => Promise<void>;
}

async function carriedOut(step: BrowserStep, given: Given, { visit, secrets, take }: Playing): Promise<string | null> {
  if (step.does === 'shot') {
    await take(step.shot);
    return null;
  }
  const why = await visit.carryOut(await filledStep(step, given, secrets));
  // What a person would want to see of it.
  if (why !== null) await take('failed');
  return why;
}

async function filledStep(step: BrowserStep, given: Given, secrets: Pick<Secrets, 'fill'>): Promise<BrowserStep> {
  const fill = (text: string): Promise<string> => secrets.fill(filledText(text, given));
  if (step.does === 'open') return { ...step, url: await fill(step.url) };
  if (step.does === 'fill') return { ...step, value: await fill(step.value) };
  // What is looked for stands in reports as it is written: no secret is filled in there.
  if (step.does === 'see' && 'text' in step.sight) return { ...step, sight: { text: filledText(step.sight.text, given) } };
  return step;
}
