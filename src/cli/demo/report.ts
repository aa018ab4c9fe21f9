// What a story reports at its end: the incident, what changed, how long it took, what customers felt, and whether the evidence holds.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Event } from '../../domain/event.ts';
import { verifyEvidence } from '../../domain/evidence.ts';
import type { Incident } from '../../domain/incident.ts';
import type { TriggerRule } from '../../domain/trigger.ts';
import type { Digest } from '../../ports/digest.ts';
import type { Judgement } from './judge.ts';
import { judgeStory } from './judge.ts';
import { askedRequests, servedRequests } from './log-lines.ts';
import type { Scenario, Story } from './story.ts';
import { GOOD_RELEASE } from './story.ts';

export interface StoryReport extends Judgement {
  readonly ok: boolean;
  readonly scenario: Scenario;
  readonly incident: {
    readonly id: string;
    readonly severity: string;
    readonly phase: string;
    readonly org: string;
    readonly waiting: boolean;
  };
  /** Other incidents of the story that somebody still has to answer. */
  readonly leftOpen: readonly string[];
  readonly evidence: { readonly events: number; readonly verified: boolean };
  readonly files: { readonly postmortem: string; readonly evidence: string; readonly status: string; readonly journal: string };
}

export interface ReportOptions {
  readonly story: Story;
  readonly dataDir: string;
  readonly incident: Incident;
  readonly events: readonly Event[];
  readonly rule: TriggerRule;
  readonly digest: Digest;
  readonly leftOpen: readonly string[];
}

const EVIDENCE_TIMEOUT_MS = 15_000;

export async function reportOf(o: ReportOptions): Promise<StoryReport> {
  const { story, incident } = o;
  const files = filesOf(o);
  const waiting = incident.phase !== 'resolved' && incident.phase !== 'closed';
  const evidence = waiting ? { events: incident.seq, verified: false } : await evidenceOf(files.evidence, o);
  const judged = judgeStory({
    scenario: story.scenario,
    served: servedRequests(story),
    asked: askedRequests(story),
    events: o.events,
    rule: o.rule,
  });
  const after =
    story.scenario === 'deploy'
      ? judged.release?.after === GOOD_RELEASE
      : judged.flow?.after === 'stable' && judged.requests.failedOtherOrgs === 0;
  return {
    ok: !waiting && evidence.verified && after && o.leftOpen.length === 0,
    scenario: story.scenario,
    incident: {
      id: incident.id,
      severity: incident.severity,
      phase: incident.phase,
      org: incident.scope.orgs === 'all' ? 'all' : incident.scope.orgs.join(','),
      waiting,
    },
    ...judged,
    leftOpen: o.leftOpen,
    evidence,
    files,
  };
}

function filesOf({ dataDir, incident }: ReportOptions): StoryReport['files'] {
  const folder = join(dataDir, 'incidents', incident.id);
  return {
    postmortem: join(folder, 'postmortem.md'),
    evidence: join(folder, 'evidence.json'),
    status: join(dataDir, 'status', 'index.html'),
    journal: join(dataDir, 'journal'),
  };
}

/** The export follows the post-mortem by a moment; it is checked as anybody could, from the file alone. */
async function evidenceOf(path: string, { digest, incident }: ReportOptions): Promise<StoryReport['evidence']> {
  for (const end = Date.now() + EVIDENCE_TIMEOUT_MS; Date.now() < end; await sleep(100)) {
    if (!existsSync(path)) continue;
    const text = readFileSync(path, 'utf8');
    const { problems } = verifyEvidence(text, digest);
    return { events: (JSON.parse(text) as { content: { count: number } }).content.count, verified: problems.length === 0 };
  }
  return { events: incident.seq, verified: false };
}

const donePath = (story: Story): string => join(story.dir, 'done.json');

export const isFinished = (story: Story): boolean => existsSync(donePath(story));

/** From here on the next `npm start` begins a new story. A story that waits for people is not finished. */
export function finishStory(story: Story, report: StoryReport): void {
  if (report.incident.waiting) return;
  writeFileSync(`${donePath(story)}.draft`, JSON.stringify(report));
  renameSync(`${donePath(story)}.draft`, donePath(story));
}
