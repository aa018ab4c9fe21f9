// Watching without a screen: what happens in one incident or in all, one line each, until it is over or somebody lets go.
import { setTimeout as sleep } from 'node:timers/promises';
import { BelayError, EXIT } from '../domain/errors.ts';
import { isOpen } from '../domain/incident-fold.ts';
import type { IncidentRow } from '../domain/incident-list.ts';
import { getEvents } from './api.ts';
import { connect } from './client.ts';
import type { Context } from './context.ts';
import { follow } from './follow.ts';
import { eventLine } from './incident-text.ts';
import { clean } from './text-layout.ts';
import { wordsOf } from './words.ts';

const EVERY_MS = 1000;
const PATIENCE_MS = 365 * 24 * 3_600_000;

/** Resolves when the incident has ended. */
export async function watchOne({ out, lang, dataDir, as, wiring }: Context, id: string, signal: AbortSignal): Promise<void> {
  const http = await wiring.http();
  const look = { ...out, width: out.width, lang, zone: Intl.DateTimeFormat().resolvedOptions().timeZone };
  await follow({
    incident: id,
    lang,
    say: (text) => out.raw(text),
    line: (event) => (out.json ? `${JSON.stringify(event)}\n` : `${eventLine(clean(event), look)}\n`),
    until: (incident) => !isOpen(incident),
    timeoutMs: PATIENCE_MS,
    connect: () => connect(dataDir, http, { person: as }),
    signal,
  });
}

/** Every event from now on, with its incident. */
export async function watchAll(context: Context, signal: AbortSignal): Promise<never> {
  const { out, lang, reach } = context;
  const look = { ...out, width: out.width - 8, lang, zone: Intl.DateTimeFormat().resolvedOptions().timeZone };
  const seen = new Map<string, number>();
  let first = true;
  let away = false;
  for (;;) {
    try {
      const client = await reach({ timeoutMs: 5000 });
      const { incidents } = await client.get<{ incidents: readonly IncidentRow[] }>('/v1/incidents');
      for (const { id, open } of incidents) {
        // What is over and was never followed stays as it is.
        if (!open && !seen.has(id) && first) continue;
        const events = await getEvents(client, id, seen.get(id) ?? 0);
        if (!first || open)
          for (const event of events)
            out.raw(out.json ? `${JSON.stringify(event)}\n` : `${id.padEnd(7)}${eventLine(clean(event), look)}\n`);
        seen.set(id, events.at(-1)?.seq ?? seen.get(id) ?? 0);
      }
      first = false;
      away = false;
    } catch (error) {
      if (!BelayError.is(error) || error.exitCode !== EXIT.unreachable) throw error;
      if (!away) out.say(wordsOf(lang).reconnecting);
      away = true;
    }
    await sleep(EVERY_MS, undefined, { signal });
  }
}
