// What an import found in a document, line by line, and what each became: the report. It knows no Markdown.

/** What stands in the document. */
export type FoundKind =
  | 'title'
  | 'phase'
  | 'step'
  | 'box'
  | 'command'
  | 'trigger'
  | 'clock'
  | 'never'
  | 'require'
  | 'role'
  | 'contact'
  | 'target'
  | 'estimate'
  | 'template'
  | 'evidence'
  | 'date'
  | 'secret'
  | 'unplaced';

/** What it is now: in use as it is, a draft that a person finishes, or prose. */
export type Became = 'used' | 'draft' | 'prose';

/** Why a person must look. The sentences are the terminal's. */
export type HumanNeed =
  | 'signal'
  | 'window'
  | 'role'
  | 'component'
  | 'clock-end'
  | 'typed'
  | 'trap'
  | 'translate'
  | 'guard'
  | 'rotate'
  | 'evidence'
  | 'unplaced'
  | 'many-steps';

export interface Found {
  readonly line: number;
  readonly kind: FoundKind;
  readonly text: string;
  readonly became: Became;
  /** The step, clock, guard or template that holds it. */
  readonly where: string | null;
  readonly needs: HumanNeed | null;
  /** A rule of the lint and its sentence, where a command is a trap. */
  readonly trap: { readonly rule: string; readonly message: string; readonly hint: string } | null;
}

export interface FoundDetails {
  readonly became?: Became;
  readonly where?: string | null;
  readonly needs?: HumanNeed | null;
  readonly trap?: Found['trap'];
}

export interface Findings {
  readonly all: Found[];
  add(line: number, kind: FoundKind, text: string, details?: FoundDetails): void;
}

const LONGEST = 200;

export function createFindings(): Findings {
  const all: Found[] = [];
  return {
    all,
    add: (line, kind, text, { became = 'used', where = null, needs = null, trap = null } = {}) => {
      const said = text.replace(/\s+/g, ' ').trim();
      all.push({ line, kind, text: said.length <= LONGEST ? said : `${said.slice(0, LONGEST - 1)}…`, became, where, needs, trap });
    },
  };
}
