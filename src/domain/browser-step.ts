// What a synthetic customer does in a browser, as people write it: where something is on a page, what must be seen, which hosts may be asked.
// It opens no page.

/** How a program finds what a person sees. The first is what a screen reader says, and survives a new design. */
export type Place = { readonly role: string; readonly name: string } | { readonly testId: string } | { readonly css: string };

export type Sight =
  | { readonly place: Place }
  /** As it is shown: what is hidden does not count. */
  | { readonly text: string }
  /** The address of the page, with `*` for anything; from `/` on without its host. */
  | { readonly url: string }
  /** Something that the page asked for, and what it was answered. */
  | { readonly answer: string; readonly status: number };

export type BrowserStep = {
  readonly name: string;
  /** Default: the timeout of the synthetic. */
  readonly withinMs?: number;
} & (
  | { readonly does: 'open'; readonly url: string; readonly status?: number }
  | { readonly does: 'fill'; readonly place: Place; readonly value: string }
  | { readonly does: 'click'; readonly place: Place }
  | { readonly does: 'see'; readonly sight: Sight; readonly gone: boolean }
  | { readonly does: 'shot'; readonly shot: string }
);

export interface BrowserSpec {
  readonly against: 'production' | 'staging';
  /** A promise of whoever writes it: what is clicked changes nothing but that somebody has logged in. */
  readonly readOnly: boolean;
  /** Origins that pages ask besides those which are opened. */
  readonly alsoLoads: readonly string[];
  /** Of all its steps in the browser. */
  readonly limitMs: number;
}

/** Of belay.yaml as a whole. */
export interface BrowserOptions {
  /** Else the usual places are looked through. */
  readonly executablePath?: string;
  readonly atOnce?: number;
}

export const placeText = (place: Place): string => {
  if ('role' in place) return `${place.role} "${place.name}"`;
  return 'testId' in place ? `testId ${place.testId}` : place.css;
};

export function sightText(sight: Sight): string {
  if ('place' in sight) return placeText(sight.place);
  if ('text' in sight) return `the text ${JSON.stringify(sight.text)}`;
  return 'url' in sight ? `the address ${sight.url}` : `an answer ${sight.status} of ${sight.answer}`;
}

/** Of addresses that a browser may be sent to: `{…}` may stand behind the host alone. */
export const OPENED = /^https?:\/\/[^\s/?#{}@]+(?:[/?#]|$)/;
/** An origin as it is declared. */
export const ORIGIN = /^https?:\/\/[^\s/?#{}@]+$/;

/** Everything that this customer's browser may ask: the origins of what is opened, and those that are declared. */
export function originsOf(
  steps: readonly { readonly does: string; readonly url?: string }[],
  alsoLoads: readonly string[],
): readonly string[] {
  const opened = steps.flatMap((step) => (step.does === 'open' && step.url !== undefined ? [new URL(step.url).origin] : []));
  return [...new Set([...opened, ...alsoLoads.map((one) => new URL(one).origin)])];
}

/** `/dashboard*` against the path and what follows it; anything else against the whole address. Linear in the length of both. */
export function addressFits(pattern: string, address: string): boolean {
  const whole = address.split('#')[0] ?? '';
  const text = pattern.startsWith('/') ? whole.replace(/^\w+:\/\/[^/?]*/, '') : whole;
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return text === first;
  const last = rest.pop() ?? '';
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  let from = first.length;
  for (const part of rest) {
    const at = text.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return from <= text.length - last.length;
}
