// OTLP logs as counts: one for each record, by severity and service. What a record says is not looked at.
import type { Instant } from '../../domain/json.ts';
import type { Sample } from '../../domain/signal.ts';
import { labelText } from './labels.ts';
import { MOST_SAMPLES } from './otlp-metrics.ts';
import { senderOf } from './otlp-resource.ts';
import { type Fields, fields, instant, list, number, text } from './otlp-value.ts';
import { malformed } from './refusal.ts';

const SEVERITIES = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
/** Numbers of a severity: 17 to 20 are errors. */
const STEPS = 4;

/** @throws BELAY_INPUT_INVALID */
export function logSamples(request: Fields, o: { readonly arrivedAt: Instant; readonly nextId: () => string }): readonly Sample[] {
  const samples: Sample[] = [];
  for (const [r, resource] of list(request['resourceLogs'], 'resourceLogs').entries()) {
    const place = `resourceLogs[${r}]`;
    const ofResource = fields(resource, place);
    const sender = senderOf(ofResource['resource'], `${place}.resource`);
    for (const part of list(ofResource['scopeLogs'], `${place}.scopeLogs`)) {
      for (const one of list(fields(part, `${place}.scopeLogs`)['logRecords'], `${place}.logRecords`)) {
        const record = fields(one, `${place}.logRecords`);
        const told =
          instant(record['timeUnixNano'] ?? 0, `${place}.timeUnixNano`) ??
          instant(record['observedTimeUnixNano'], `${place}.observedTimeUnixNano`);
        const labels = { ...sender.labels, severity: severityOf(record, place) };
        // Without a time of its own two requests with the same bytes may well be two events.
        const id = told === null ? {} : { id: o.nextId() };
        samples.push({ kind: 'delta', ...id, name: 'log_records', labels, at: told ?? o.arrivedAt, delta: 1 });
        if (samples.length > MOST_SAMPLES) throw malformed(`more than ${MOST_SAMPLES} log records in a request`);
      }
    }
  }
  return samples;
}

/** The number says it for all languages; a record without one says it in its own words. */
function severityOf(record: Fields, place: string): string {
  const told = record['severityNumber'];
  const named = typeof told === 'string' ? /^SEVERITY_NUMBER_([A-Z]+?)[234]?$/.exec(told)?.[1]?.toLowerCase() : undefined;
  if (named !== undefined) return SEVERITIES.includes(named) ? named : 'unspecified';
  const level = number(told, `${place}.severityNumber`) ?? 0;
  const known = level >= 1 ? SEVERITIES[Math.floor((level - 1) / STEPS)] : undefined;
  return known ?? (labelText(text(record['severityText'], `${place}.severityText`).trim().toLowerCase()) || 'unspecified');
}
