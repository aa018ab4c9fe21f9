// The body of an imported runbook while it is written: phases, steps, boxes and everything else, in the order of the document.
// A step is opened where something is to be done; whatever comes before the next one stands below it.
import { draftOf } from '../command-drafts.ts';
import { trapOf } from '../command-traps.ts';
import { bare } from '../shell-lines.ts';
import type { Findings } from './found.ts';
import type { Ids } from './ids.ts';
import { commentOf, oneLine, titleOf } from './text.ts';

interface OpenStep {
  readonly id: string;
  readonly title: string;
  boxes: number;
}

export class Body {
  readonly #ids: Ids;
  readonly #phaseIds: Ids;
  readonly #findings: Findings;
  readonly #out: string[] = [];
  #pending: string[] = [];
  #step: OpenStep | null = null;
  #heading: { readonly title: string; readonly line: number } | null = null;
  /** How many steps there are. */
  count = 0;

  constructor(ids: Ids, phaseIds: Ids, findings: Findings) {
    this.#ids = ids;
    this.#phaseIds = phaseIds;
    this.#findings = findings;
  }

  get stepId(): string | null {
    return this.#step?.id ?? null;
  }

  /** A heading of the document. Steps that nobody names are called like it. */
  phase(title: string, line: number): void {
    this.#close();
    const shown = titleOf(oneLine(title)) || 'Phase';
    this.#out.push(`## ${shown} {#${this.#phaseIds.take(shown, 'phase')}}`);
    this.#heading = { title: oneLine(title), line };
    this.#findings.add(line, 'phase', title);
  }

  step(title: string, line: number): void {
    this.#close();
    const shown = titleOf(oneLine(title)) || 'Step';
    const id = this.#ids.take(shown, 'step');
    this.#out.push(`### ${shown} {#${id}}`);
    this.#step = { id, title: shown, boxes: 0 };
    this.count += 1;
    this.#findings.add(line, 'step', title, { where: id });
  }

  /** A step for what is about to come, if none is open since the heading. */
  demandStep(line: number, label: string | null): void {
    if (this.#step !== null) return;
    if (label === null) this.step(this.#heading?.title ?? 'Step', this.#heading?.line ?? line);
    else this.step(label, line);
  }

  text(markdown: string): void {
    if (markdown.trim() === '') return;
    this.#flush();
    this.#out.push(markdown);
  }

  box(text: string, line: number): void {
    const said = boxText(text);
    if (said === '' || this.#step === null) return;
    this.#pending.push(`- [ ] ${said}`);
    this.#step.boxes += 1;
    this.#findings.add(line, 'box', text, { where: this.#step.id });
  }

  command(text: string, line: number): void {
    const command = bare(text);
    const trap = trapOf(command);
    const draft = draftOf(command);
    this.#findings.add(line, 'command', text, {
      where: this.stepId,
      became: draft === null ? 'used' : 'draft',
      needs: trap !== null ? 'trap' : draft === null ? null : 'typed',
      trap,
    });
    if (draft === null && trap === null) return;
    const warning = trap === null ? [] : [`${trap.rule}: ${trap.message}. ${trap.hint}`];
    const block = draft === null ? [] : ['A typed step in its place, to be finished:', ...draft.map((one) => `  ${one}`)];
    this.#flush();
    this.#out.push(commentOf([`needs a human (line ${line}): ${command}`, ...warning, ...block]));
  }

  finish(): string {
    this.#close();
    return this.#out.join('\n\n');
  }

  #flush(): void {
    if (this.#pending.length > 0) this.#out.push(this.#pending.join('\n'));
    this.#pending = [];
  }

  /** Every step asks somebody for something. */
  #close(): void {
    this.#flush();
    if (this.#step !== null && this.#step.boxes === 0) this.#out.push(`- [ ] ${boxText(this.#step.title)}`);
    this.#step = null;
  }
}

/** One line that a checklist can hold. */
function boxText(text: string): string {
  return oneLine(text)
    .replace(/^\[[ xX]?\]\s*/, '')
    .replace(/<!--|-->/g, ' ')
    .trim();
}
