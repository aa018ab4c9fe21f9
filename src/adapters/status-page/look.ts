// What a vendor says of itself now, for checks: the page's word, or that of one component, and the incidents that it names.
import { BelayError } from '../../domain/errors.ts';
import type { Http } from '../../ports/http.ts';
import type { VendorLook, VendorSeen } from '../../ports/looks.ts';
import type { Time } from '../../ports/time.ts';
import { createPage, type StatusPageSpec } from './page.ts';
import { chosen, levelOf, plain, type Summary, SummaryError } from './summary.ts';

const LONGEST_WORD = 64;

export function createVendorLook(spec: StatusPageSpec, deps: { readonly http: Http; readonly time: Pick<Time, 'now'> }): VendorLook {
  const page = createPage(spec, deps);
  return {
    look: async ({ component }) => {
      try {
        return seenIn(await page(AbortSignal.timeout(spec.timeoutMs)), component);
      } catch (error) {
        if (error instanceof SummaryError) throw new BelayError('BELAY_TARGET_UNREACHABLE', `${spec.url}: ${error.message}`);
        throw error;
      }
    },
  };
}

/** @throws SummaryError for a component that the page does not name */
function seenIn(summary: Summary, component: string | undefined): VendorSeen {
  const { indicator, isMaintained, incidents } = summary;
  if (component === undefined) return { level: levelOf(indicator, 'page'), word: plain(indicator, LONGEST_WORD), isMaintained, incidents };
  // Of components with one name the worst counts; one word that is not known makes all of them unknown.
  const words = chosen(summary.components, [component]).map(({ status }) => ({ status, level: levelOf(status, 'component') }));
  const worst = words.toSorted((a, b) => (b.level ?? Infinity) - (a.level ?? Infinity))[0];
  return {
    level: worst?.level ?? null,
    word: plain(worst?.status ?? '', LONGEST_WORD),
    isMaintained: words.some(({ status }) => status === 'under_maintenance'),
    incidents,
  };
}
